//! Opening and checking an object, before the first byte is sent.

use attachments::{ObjectKey, workflow::Attachment};
use cxone::{Boundary, UploadContent};
use media_type::MediaType;

use crate::{
    check,
    run::Run,
    source::{self, OpenObject, content},
    stop::Stop,
    stream::Peeked,
    wishes::Wishes,
};

/// What the upload needs of an open object besides its bytes.
pub(crate) struct Opened {
    pub(crate) size: u64,
    pub(crate) source_checksum: attachments::workflow::SourceChecksum,
}

pub(crate) type Stream = Peeked<aws_sdk_s3::primitives::SdkBody>;

/// Opens the object and makes the checks that need it.
pub(crate) async fn open_and_check(
    run: &mut Run<'_>,
    key: &ObjectKey,
) -> Result<(UploadContent, Stream, Opened), Stop> {
    let (intake, object) = (run.intake, &run.notification.object);
    let open = source::open(&intake.s3, run.notification).await?;
    let wishes = Wishes::of(&open.metadata, key, &intake.settings);
    if !run.wishes_reported {
        wishes.report();
        run.wishes_reported = true;
    }
    let attachment = &mut run.attachment;
    note_facts(attachment, &open);
    attachment.auto_scan = wishes.auto_scan;
    let interaction = check::interaction(&wishes, &intake.settings)?;
    tracing::Span::current().record("interaction_id", interaction.as_str());
    attachment.interaction_id = Some(interaction.clone());
    if open.has_tags && run.content.is_none() && attachment.tags.is_empty() {
        attachment.tags = source::tags(&intake.s3, object, open.last_modified).await?;
    }
    check::size(open.size, &intake.settings)?;
    let opened = Opened { size: open.size, source_checksum: open.source_checksum };
    let stream = source::peek(open.body).await?;
    let named = check::name(&key.file_name, &intake.settings)?;
    let active_content = intake.settings.refused_active_content;
    let verdict = content::verdict(&intake.s3, object, &stream, opened.size, active_content).await?;
    let media_type = check::content(named, verdict, &intake.settings)?;
    let content = match &run.content {
        Some(content) => content.clone(),
        None => new_content(attachment, interaction, key, media_type)?,
    };
    copy_from_request(attachment, &content);
    Ok((content, stream, opened))
}

fn note_facts(attachment: &mut Attachment, open: &OpenObject) {
    attachment.object.size_bytes = Some(open.size);
    attachment.object.etag = open.etag.clone().or(attachment.object.etag.take());
    attachment.object.version_id = open.version_id.clone().or(attachment.object.version_id.take());
    attachment.object.declared_content_type.clone_from(&open.declared_content_type);
}

fn new_content(
    attachment: &Attachment,
    interaction_id: attachments::InteractionId,
    key: &ObjectKey,
    media_type: MediaType,
) -> Result<UploadContent, Stop> {
    let boundary = Boundary::generate().map_err(|error| Stop::Internal(attachments::causes(&error)))?;
    Ok(UploadContent {
        boundary,
        interaction_id,
        file_name: key.file_name.as_str().to_owned(),
        content_type: media_type.as_str().to_owned(),
        tags: attachment.tags.clone(),
        auto_scan: attachment.auto_scan,
    })
}

/// The audit record has the values that are sent: those of the first upload request, not the object's tags of now.
fn copy_from_request(attachment: &mut Attachment, content: &UploadContent) {
    attachment.interaction_id = Some(content.interaction_id.clone());
    attachment.object.mime_type = Some(content.content_type.clone());
    attachment.tags.clone_from(&content.tags);
    attachment.auto_scan = content.auto_scan;
}
