"""Services: arguments that moto drops."""

from moto.ecs.responses import EC2ContainerServiceResponse
from patching import patch

KEPT = {
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "deploymentConfiguration": "deployment_configuration",
    "enableExecuteCommand": "enable_execute_command",
    "enableECSManagedTags": "enable_ecs_managed_tags",
}


@patch(EC2ContainerServiceResponse, "create_service")
def create_service(old, self):
    answer = old(self)
    service = self.ecs_backend._get_service(self._get_param("cluster", "default"), self._get_param("serviceName"))
    for given, attribute in KEPT.items():
        value = self._get_param(given)
        if value is not None:
            setattr(service, attribute, value)
    if not hasattr(service, "availability_zone_rebalancing"):
        service.availability_zone_rebalancing = "DISABLED"
    return answer
