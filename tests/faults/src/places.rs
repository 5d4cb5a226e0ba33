//! The stacks that rows run on.

use crate::world::Setup;

/// Which stack a row needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// One for all rows whose faults concern their own interaction.
    Shared,
    /// The same with a short patience.
    Impatient,
    /// For faults that concern everybody: one row after the other.
    Alone,
    /// With a quota that is soon full; one row after the other.
    Quota,
    /// For the row in which no message can be hidden.
    Visibility,
    /// Where the webhook's receiver speaks TLS.
    Tls,
    /// For the row in which intake dies again and again, with the shortest leases.
    Crashes,
}

impl Place {
    pub(crate) const ALL: [Self; 7] =
        [Self::Crashes, Self::Shared, Self::Impatient, Self::Visibility, Self::Alone, Self::Quota, Self::Tls];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Impatient => "impatient",
            Self::Alone => "alone",
            Self::Quota => "quota",
            Self::Visibility => "visibility",
            Self::Crashes => "crashes",
            Self::Tls => "tls",
        }
    }

    /// How many rows run side by side.
    pub(crate) const fn side_by_side(self) -> usize {
        match self {
            Self::Shared | Self::Impatient => 24,
            Self::Alone | Self::Quota | Self::Visibility | Self::Crashes | Self::Tls => 1,
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
        };
        // One message an invocation, so that a stalled or killed row takes no other with it; the race wants the batches.
        let (concurrency, batch) = match self {
            Self::Shared => (30, 1),
            Self::Quota => (6, 10),
            _ => (4, 1),
        };
        Setup {
            name: self.name(),
            parameters: parameters.to_owned(),
            concurrency,
            batch,
            wait_scale: 0.1,
            tls: self == Self::Tls,
        }
    }
}
