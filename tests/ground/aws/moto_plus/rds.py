"""Databases: an old kind of scaling is told only of clusters that have it; what was said of insights is told again."""

from moto.rds import models
from patching import patch

_scaling = models.DBCluster.scaling_configuration_info.fget
models.DBCluster.scaling_configuration_info = property(
    lambda cluster: _scaling(cluster) if cluster.engine_mode == "serverless" else None
)


@patch(models.RDSBackend, "create_db_instance")
def create_db_instance(old, self, db_kwargs):
    instance = old(self, db_kwargs)
    instance.performance_insights_enabled = bool(db_kwargs.get("enable_performance_insights"))
    instance.performance_insights_kms_key_id = db_kwargs.get("performance_insights_kms_key_id")
    instance.performance_insights_retention_period = db_kwargs.get("performance_insights_retention_period") or 7
    return instance
