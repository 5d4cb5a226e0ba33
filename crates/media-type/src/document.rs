//! Checks for PDF, Word 97-2003 and DOCX.

pub(crate) mod compound;
pub(crate) mod compound_directory;
pub(crate) mod package;
pub(crate) mod package_active;
pub(crate) mod package_parts;
pub(crate) mod pdf;
pub(crate) mod pdf_active;
pub(crate) mod pdf_front;
pub(crate) mod zip;
pub(crate) mod zip_entry;
