//! Macros and other active content: what is told apart, and what the operator refuses.

use std::{fmt, str::FromStr};

/// What is refused as active content, as far as the bytes that were read show it (`REFUSE_ACTIVE_CONTENT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActiveContentPolicy {
    /// Nothing. A macro-enabled document is still refused, because it is of no accepted type.
    None,
    /// Macros.
    #[default]
    Macros,
    /// Every kind of [`ActiveContent`].
    All,
}

impl ActiveContentPolicy {
    pub(crate) const fn refuses(self, active: ActiveContent) -> bool {
        match self {
            Self::None => false,
            Self::Macros => matches!(active, ActiveContent::Macros),
            Self::All => true,
        }
    }
}

/// The word is none of the three; the text names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be none, macros or all")]
pub struct UnknownActiveContentPolicy;

impl FromStr for ActiveContentPolicy {
    type Err = UnknownActiveContentPolicy;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "none" => Ok(Self::None),
            "macros" => Ok(Self::Macros),
            "all" => Ok(Self::All),
            _ => Err(UnknownActiveContentPolicy),
        }
    }
}

/// A part of a document that acts, or lets a reader fetch or start something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActiveContent {
    /// VBA macros, also those of a document inside this one.
    Macros,
    /// An `ActiveX` control.
    Control,
    /// An embedded or linked object: a workbook behind a chart as well as a program.
    Object,
    /// A template or a part that is fetched from elsewhere.
    ExternalPart,
    /// A script in a PDF.
    Script,
    /// An action of a PDF that starts a program, or one that runs when the file is opened.
    Action,
    /// A file or media attached to a PDF.
    Attachment,
}

impl ActiveContent {
    /// Of two, the one to report: macros before the rest, else the first.
    pub(crate) const fn or_worse(found: Option<Self>, other: Self) -> Self {
        match (found, other) {
            (None, _) | (_, Self::Macros) => other,
            (Some(found), _) => found,
        }
    }
}

impl fmt::Display for ActiveContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Macros => "macros",
            Self::Control => "an ActiveX control",
            Self::Object => "an embedded or linked object",
            Self::ExternalPart => "a template or part from another place",
            Self::Script => "a script",
            Self::Action => "an action that starts a program or runs at opening",
            Self::Attachment => "an attached file",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_one_of_three_words() {
        for (word, policy) in [
            ("none", ActiveContentPolicy::None),
            ("macros", ActiveContentPolicy::Macros),
            ("all", ActiveContentPolicy::All),
        ] {
            assert_eq!(word.parse(), Ok(policy));
        }
        for word in ["", "Macros", "true", "macros,all"] {
            assert_eq!(word.parse::<ActiveContentPolicy>(), Err(UnknownActiveContentPolicy), "{word:?}");
        }
        assert_eq!(ActiveContentPolicy::default(), ActiveContentPolicy::Macros);
    }

    #[test]
    fn macros_are_reported_before_anything_else() {
        use ActiveContent::{Control, Macros, Object};
        assert_eq!(ActiveContent::or_worse(None, Control), Control);
        assert_eq!(ActiveContent::or_worse(Some(Object), Control), Object);
        assert_eq!(ActiveContent::or_worse(Some(Object), Macros), Macros);
        assert_eq!(ActiveContent::or_worse(Some(Macros), Control), Macros);
    }
}
