//! The deployment: everything that a stack's outputs and parameters name.

use std::collections::BTreeMap;

use crate::{Clients, ToolError};

/// A deployed stack.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The stack's name.
    pub stack: String,
    /// Its status in CloudFormation, such as `UPDATE_COMPLETE`.
    pub status: String,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

impl Deployment {
    /// Finds the stack by name.
    ///
    /// # Errors
    /// There is no such stack in the region.
    pub async fn find(clients: &Clients, stack: &str) -> Result<Self, ToolError> {
        let found = clients.cloudformation.describe_stacks().stack_name(stack).send().await;
        let found = match found {
            Ok(found) => found.stacks.unwrap_or_default().into_iter().next(),
            Err(error) if error.as_service_error().is_some_and(|e| e.to_string().contains("does not exist")) => None,
            Err(error) => match ToolError::of_call("cloudformation:DescribeStacks", &error) {
                ToolError::Aws { text, .. } if text.contains("does not exist") => None,
                other => return Err(other),
            },
        };
        let region = &clients.region;
        let found = found.ok_or_else(|| {
            ToolError::NotFound(format!(
                "there is no stack {stack:?} in {region}: name another one with --stack or CXONE_ATTACHMENTS_STACK, or \
                 another region with --region"
            ))
        })?;
        let pairs = |pairs: Vec<(Option<String>, Option<String>)>| {
            pairs.into_iter().filter_map(|(name, value)| Some((name?, value?))).collect()
        };
        let outputs = found.outputs.unwrap_or_default();
        let parameters = found.parameters.unwrap_or_default();
        Ok(Self {
            stack: stack.to_owned(),
            status: found.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            outputs: pairs(outputs.into_iter().map(|one| (one.output_key, one.output_value)).collect()),
            parameters: pairs(parameters.into_iter().map(|one| (one.parameter_key, one.parameter_value)).collect()),
        })
    }

    /// An output of the stack.
    ///
    /// # Errors
    /// The stack has no such output: it is another template's, or an older release's.
    pub fn output(&self, name: &str) -> Result<&str, ToolError> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| {
            ToolError::NotFound(format!(
                "the stack {} has no output {name}: it is not a stack of cxone-attachments, or one of an older release",
                self.stack
            ))
        })
    }

    /// A parameter's value. None if the stack has no such parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// A parameter that is a whole number, or this default.
    #[must_use]
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.parameter(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// What every key begins with.
    #[must_use]
    pub fn key_prefix(&self) -> &str {
        self.parameter("KeyPrefix").unwrap_or("interactions/")
    }
}
