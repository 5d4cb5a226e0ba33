//! The stacks that rows run on.

use servers::cxone::{Settings, TokenAuth};

use crate::world::{Batches, Setup};

/// Which stack a row needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// For rows whose faults concern only their own interaction.
    Shared,
    /// The same with a short time limit (`GiveUpAfterSeconds`).
    Impatient,
    /// For faults that affect all objects: one row after the other.
    Alone,
    /// With a small quota; one row after the other.
    Quota,
    /// For the row in which no message's visibility can be changed.
    Visibility,
    /// Where the webhook's receiver speaks TLS.
    Tls,
    /// For rows in which intake crashes repeatedly, with the shortest leases.
    Crashes,
    /// Without a quota, with the shortest leases and a short time limit.
    Unmetered,
    /// With an unversioned bucket, and the permissions that a deployment grants producers by default.
    Unversioned,
    /// With other paths, another way to send the credentials, and the shortest times for a job.
    Elsewhere,
}

impl Place {
    pub(crate) const ALL: [Self; 10] = [
        Self::Crashes,
        Self::Unmetered,
        Self::Elsewhere,
        Self::Unversioned,
        Self::Shared,
        Self::Impatient,
        Self::Visibility,
        Self::Alone,
        Self::Quota,
        Self::Tls,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Impatient => "impatient",
            Self::Alone => "alone",
            Self::Quota => "quota",
            Self::Visibility => "visibility",
            Self::Crashes => "crashes",
            Self::Tls => "tls",
            Self::Unmetered => "unmetered",
            Self::Unversioned => "unversioned",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// How many rows run at the same time.
    pub(crate) const fn side_by_side(self) -> usize {
        match self {
            Self::Shared | Self::Impatient => 24,
            Self::Unmetered | Self::Elsewhere | Self::Unversioned => 12,
            Self::Crashes => 2,
            Self::Alone | Self::Quota | Self::Visibility | Self::Tls => 1,
        }
    }

    pub(crate) fn setup(self) -> Setup {
        let parameters = match self {
            Self::Shared | Self::Alone | Self::Visibility | Self::Tls => {
                "JobDeadlineSeconds=90 StorageQuotaBytes=1000000000"
            }
            Self::Impatient => "GiveUpAfterSeconds=60 StorageQuotaBytes=1000000000",
            Self::Quota => "StorageQuotaBytes=500000",
            Self::Crashes => "FunctionTimeoutSeconds=60 QueueVisibilitySeconds=68 StorageQuotaBytes=1000000000",
            Self::Unmetered => "FunctionTimeoutSeconds=60 QueueVisibilitySeconds=68 GiveUpAfterSeconds=60",
            Self::Unversioned => "InteractionIdFrom=key AllowScanOptOut=false StorageQuotaBytes=1000000000",
            Self::Elsewhere => {
                "CxoneUploadPath=services/v30/contacts/{interaction_id}/files CxoneJobPath=services/v30/jobs/{job_id}/state \
                 CxoneTokenAuth=body JobDeadlineSeconds=30 TrackingPatienceSeconds=300"
            }
        };
        // One message per invocation, so that a stalled or killed row does not affect others. The quota's race needs
        // batches.
        let (concurrency, size) = match self {
            Self::Shared => (30, 1),
            Self::Quota => (6, 10),
            Self::Unmetered => (12, 1),
            _ => (4, 1),
        };
        Setup {
            name: self.name(),
            parameters: parameters.to_owned(),
            faults: Some(Batches { concurrency, size }),
            wait_scale: 0.1,
            versions: self != Self::Unversioned,
            tls: self == Self::Tls,
            cxone: (self == Self::Elsewhere).then_some(elsewhere as fn() -> Settings),
        }
    }
}

/// The stand-in of [`Place::Elsewhere`]. It must fit that stack's parameters.
fn elsewhere() -> Settings {
    Settings {
        upload_path: "services/v30/contacts/{interaction_id}/files".to_owned(),
        job_path: "services/v30/jobs/{job_id}/state".to_owned(),
        token_auth: TokenAuth::Body,
        ..Settings::default()
    }
}
