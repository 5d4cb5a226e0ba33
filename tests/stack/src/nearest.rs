//! "Did you mean".

/// How alike two words must be, from 0 to 1.
const ALIKE: f64 = 0.8;
/// A word that is less alike than the nearest one, by this much, is left out.
const BEHIND: f64 = 0.05;
/// More suggestions than these do not help.
const MOST: usize = 3;

/// The known words that are most like the given one, the nearest first. Empty if no word is alike.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let word = word.to_lowercase();
    let mut alike: Vec<(f64, &str)> = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&word, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .collect();
    alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let best = alike.first().map_or(0.0, |(likeness, _)| *likeness);
    alike.retain(|(likeness, _)| best - likeness < BEHIND);
    alike.into_iter().take(MOST).map(|(_, known)| known.to_owned()).collect()
}

/// `; did you mean A, B or C?`, or nothing if there is no near word.
#[must_use]
pub fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [only] => format!("; did you mean {only}?"),
        [others @ .., last] => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_words_come_first_and_strange_ones_find_none() {
        let known = ["KeyPrefix", "AuditPrefix", "WebhookUrl", "StorageQuotaBytes"];
        assert_eq!(nearest("keyprefix", known).first().map(String::as_str), Some("KeyPrefix"));
        assert_eq!(nearest("StorageQuotaByte", known).first().map(String::as_str), Some("StorageQuotaBytes"));
        assert_eq!(nearest("1", known), Vec::<String>::new());
        assert!(nearest("upload/50", ["upload/500", "upload/501", "upload/502", "upload/503"]).len() == MOST);
    }

    #[test]
    fn near_words_are_listed_in_a_sentence() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(did_you_mean(&[]), "");
        assert_eq!(did_you_mean(&words(&["a"])), "; did you mean a?");
        assert_eq!(did_you_mean(&words(&["a", "b", "c"])), "; did you mean a, b or c?");
    }
}
