//! The ledger against a real table, in a ministack that all tests share; each test has a table of its own.
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
mod lost_answers;
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

/// Trials of the tests named, each under its module's name.
macro_rules! trials {
    ($with:expr; $($module:ident { $($test:ident,)+ })+) => {
        vec![$($(trial(concat!(stringify!($module), "::", stringify!($test)), $with, $module::$test),)+)+]
    };
}

/// What every test needs; none while tests are only listed.
type Place = Option<(Arc<Runtime>, Arc<LoneMinistack>)>;

fn trial<F>(name: &'static str, place: &Place, test: fn(Table) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let place = place.clone();
    Trial::test(name, move || {
        let (runtime, ministack) = place.ok_or("ministack was not started")?;
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
    let place: Place = (!arguments.list).then(|| {
        let ministack = runtime.block_on(LoneMinistack::start("ledger")).unwrap_or_else(|error| panic!("{error}"));
        (Arc::new(runtime), Arc::new(ministack))
    });
    let trials = trials! { &place;
        claim {
            a_fresh_object_is_mine,
            a_live_lease_is_another_run_s,
            a_dead_lease_is_taken_over,
            of_twenty_claims_at_once_one_wins,
            decided_object_cannot_be_claimed,
            what_is_done_is_done,
            a_missing_table_is_named,
        }
        release {
            released_object_is_free_at_once_and_keeps_what_was_known,
            release_without_knowledge_keeps_what_an_earlier_run_knew,
            crashes_count_in_a_row_since_the_last_release,
            second_release_of_a_claim_changes_nothing,
            long_fault_is_cut,
            postpone_keeps_the_name_of_the_crashed_run,
            noted_crash_is_the_object_s_last_fault,
            postpone_frees_the_lease_and_keeps_the_count_of_crashes,
            postpone_changes_nothing_else,
        }
        fence {
            a_run_that_lost_its_lease_changes_nothing,
            after_the_decision_nothing_is_released_or_prepared,
            after_the_end_nothing_is_decided,
        }
        decide {
            the_bytes_are_kept_exactly,
            decision_removes_request_history_and_known,
            a_repeat_starts_what_the_first_fixed,
            a_later_run_starts_what_the_first_fixed,
            of_ten_decisions_at_once_one_wins,
        }
        quota {
            bytes_are_reserved_once_per_object,
            last_byte_fits_and_the_next_does_not,
            object_larger_than_the_quota_never_fits,
            lower_limit_later_refuses_and_changes_nothing,
            of_forty_at_once_ten_fit,
            conflict_is_retried,
        }
        prepare {
            request_is_written_once_and_survives_releases_and_crashes,
            request_without_quota_costs_one_plain_update,
            request_of_an_earlier_run_needs_no_write,
            request_and_bytes_are_written_in_one_transaction,
            request_of_an_earlier_run_stays_when_a_quota_is_set_later,
        }
        settle {
            the_first_writer_wins,
            bytes_are_given_back_once,
            what_may_be_stored_stays_counted_and_is_marked,
            words_of_a_newer_release_are_kept,
            a_completed_file_stays_counted,
            without_a_reservation_there_is_nothing_to_settle,
            of_ten_endings_at_once_one_wins,
            no_more_is_given_back_than_the_row_holds_at_the_end,
            an_object_that_never_existed_has_no_entry,
            an_object_that_is_being_sent_has_no_entry,
            another_execution_has_no_entry,
            an_entry_holds_what_intake_decided,
            a_row_that_changed_hands_after_the_look_is_not_settled,
        }
        lost_answers {
            a_claim_is_made_once,
            a_claim_is_released_once,
            a_claim_is_postponed_once,
            a_request_is_written_once,
            a_decision_is_taken_once,
            bytes_are_reserved_once,
            bytes_are_refunded_once,
            a_plain_ending_is_written_once,
        }
        malformed {
            a_claim_names_the_attribute,
            an_ending_names_the_attribute,
            a_claim_count_that_is_no_number_is_left_alone,
        }
    };
    let code = libtest_mimic::run(&arguments, trials).exit_code();
    // Ends ministack; `exit` runs no destructors.
    drop(place);
    code
}
