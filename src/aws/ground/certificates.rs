//! Certificates, and zones of names.

use serde::Deserialize;
use serde_json::json;

use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::plain::Api;
use crate::tools::CancelToken;

/// A certificate of ACM.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CertificateSeen {
    /// What ACM calls its state, such as `ISSUED`.
    pub status: String,
    /// When it ends, in seconds since 1970; none before it is issued.
    pub not_after: Option<f64>,
    /// The name it is for.
    #[serde(default)]
    pub domain_name: String,
    /// All names it is for.
    #[serde(default)]
    pub subject_alternative_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CertificateAnswer {
    certificate: CertificateSeen,
}

/// A zone of Route 53.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneSeen {
    /// Its name, without the dot at the end.
    pub name: String,
    /// Whether it is known inside of networks alone.
    pub is_private: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ZoneAnswer {
    hosted_zone: Zone,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Zone {
    name: String,
    #[serde(default)]
    config: ZoneConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ZoneConfig {
    #[serde(default)]
    private_zone: bool,
}

impl Aws {
    /// Looks at a certificate; none when it is not there.
    ///
    /// # Errors
    /// [`AwsError`] when ACM cannot be asked, or may not be.
    pub async fn certificate(
        &self,
        arn: &str,
        cancel: &CancelToken,
    ) -> Result<Option<CertificateSeen>, AwsError> {
        let which = json!({ "CertificateArn": arn });
        let call = (Api::ACM, "DescribeCertificate");
        match self
            .json::<CertificateAnswer>(("look at the certificate", cancel), call, &which)
            .await
        {
            Ok(answer) => Ok(Some(answer.certificate)),
            Err(error) if error.is("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks at a zone of names; none when it is not there.
    ///
    /// # Errors
    /// [`AwsError`] when Route 53 cannot be asked, or may not be.
    pub async fn zone(&self, id: &str, cancel: &CancelToken) -> Result<Option<ZoneSeen>, AwsError> {
        let path = format!("/2013-04-01/hostedzone/{}", id.trim_start_matches("/hostedzone/"));
        let doing = format!("look at zone `{id}`");
        match self
            .read::<ZoneAnswer>((doing, cancel), (Api::ROUTE53, "GetHostedZone"), &path)
            .await
        {
            Ok(answer) => Ok(Some(ZoneSeen {
                name: answer.hosted_zone.name.trim_end_matches('.').to_owned(),
                is_private: answer.hosted_zone.config.private_zone,
            })),
            Err(error) if error.is("NoSuchHostedZone") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
