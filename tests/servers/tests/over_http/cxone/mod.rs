//! The stand-in for CXone.

mod early;
mod faults;
mod fixture;
mod forms;
mod jobs;
mod odd_answers;
mod paths;
mod repetitions;
mod tokens;
mod uploads;
