//! Tests the ledger against tables of a local DynamoDB. All tests share one ministack. Each test has its own table.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test's own set-up fails the test"
)]

mod claim;
mod decide;
mod fence;
mod lookup;
mod lost_responses;
mod malformed;
mod prepare;
mod proxy;
mod quota;
mod release;
mod settle;
mod table;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};
use stack::{Clients, LoneMinistack};
use tokio::runtime::{Builder, Runtime};

use table::Table;

/// Makes a trial of each named test. The trial's name is `module::test`.
macro_rules! trials {
    ($with:expr; $($module:ident { $($test:ident,)+ })+) => {
        vec![$($(trial(concat!(stringify!($module), "::", stringify!($test)), $with, $module::$test),)+)+]
    };
}

/// None while tests are only listed.
type Environment = Option<(Arc<Runtime>, Arc<LoneMinistack>)>;

fn trial<F>(name: &'static str, environment: &Environment, test: fn(Table) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let environment = environment.clone();
    Trial::test(name, move || {
        let (runtime, ministack) = environment.ok_or("ministack was not started")?;
        runtime.block_on(async {
            let endpoint = ministack.endpoint();
            test(Table::create(Clients::new(endpoint).dynamodb, endpoint, name).await).await;
        });
        Ok(())
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let environment: Environment = (!arguments.list).then(|| {
        let ministack = runtime.block_on(LoneMinistack::start("ledger")).unwrap_or_else(|error| panic!("{error}"));
        (Arc::new(runtime), Arc::new(ministack))
    });
    let trials = trials! { &environment;
        claim {
            first_claim_of_an_object_gets_a_lease,
            claim_during_another_lease_returns_its_end,
            claim_after_an_expired_lease_counts_a_crash,
            one_of_twenty_concurrent_claims_wins,
            claim_of_a_decided_object_returns_the_decision,
            claim_of_a_done_object_changes_nothing,
            missing_table_is_unavailable,
        }
        release {
            released_object_can_be_claimed_at_once_with_all_stored_facts,
            release_without_known_facts_keeps_those_of_an_earlier_run,
            crashes_count_in_a_row_since_the_last_release,
            second_release_of_a_claim_changes_nothing,
            long_fault_is_shortened,
            postpone_keeps_the_name_of_the_crashed_run,
            noted_crash_becomes_the_last_fault,
            postpone_releases_the_lease_and_keeps_the_count_of_crashes,
            postpone_changes_nothing_else,
        }
        fence {
            run_without_its_lease_changes_nothing,
            decided_object_is_neither_released_nor_prepared,
            done_object_is_not_decided_again,
        }
        decide {
            decision_keeps_the_exact_bytes_of_the_input,
            decision_removes_request_history_and_known,
            repeated_decision_returns_the_first,
            decision_of_another_run_returns_the_first,
            one_of_ten_concurrent_decisions_wins,
        }
        lookup {
            objects_of_an_interaction_are_found_newest_first,
            object_is_found_by_the_interaction_that_it_was_sent_to_and_by_its_job,
            key_without_an_interaction_is_in_no_index,
            hostile_key_is_harmless_in_the_row_and_read_exactly,
            object_waits_from_its_release_to_its_decision,
            rows_are_read_in_batches_and_absent_ones_left_out,
            crashed_and_settled_rows_say_so,
        }
        quota {
            bytes_are_reserved_once_per_object,
            quota_has_room_for_its_last_byte_and_no_more,
            object_larger_than_the_quota_exceeds_it,
            reservation_above_a_lowered_limit_is_refused,
            ten_of_forty_concurrent_reservations_fit,
            conflict_is_retried,
        }
        prepare {
            request_is_written_once_and_kept_after_releases_and_crashes,
            request_without_quota_costs_one_plain_update,
            request_of_an_earlier_run_needs_no_write,
            request_and_bytes_are_written_in_one_transaction,
            request_is_kept_if_a_quota_is_set_later,
        }
        settle {
            first_outcome_is_kept,
            reserved_bytes_are_refunded_once,
            bytes_of_a_possibly_stored_file_stay_reserved_and_unsettled,
            words_of_a_newer_release_are_kept,
            bytes_of_a_completed_file_stay_reserved,
            outcome_without_a_reservation_leaves_the_quota_unchanged,
            one_of_ten_concurrent_outcomes_wins,
            refund_is_what_the_row_holds_at_the_write,
            entry_of_an_unknown_object_is_refused,
            entry_of_a_claimed_object_is_refused,
            entry_for_another_execution_is_refused,
            entry_holds_what_intake_decided,
            row_whose_execution_changed_after_the_read_is_not_settled,
        }
        lost_responses {
            claim_whose_response_is_lost_counts_once,
            release_whose_response_is_lost_counts_once,
            postponement_whose_response_is_lost_counts_once,
            request_whose_response_is_lost_is_written,
            decision_whose_response_is_lost_is_written,
            reservation_whose_response_is_lost_counts_once,
            refund_whose_response_is_lost_counts_once,
            outcome_whose_response_is_lost_is_written,
        }
        malformed {
            claim_of_a_malformed_row_names_the_attribute,
            settling_a_malformed_row_names_the_attribute,
            malformed_claim_count_is_not_overwritten,
        }
    };
    let code = libtest_mimic::run(&arguments, trials).exit_code();
    // Stops ministack. The process's exit would not, because it runs no destructors.
    drop(environment);
    code
}
