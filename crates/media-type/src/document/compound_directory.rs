//! Reads the known part of a compound file's directory.
//!
//! Only the entries directly below the root determine the type, because a workbook or a message may contain whole Word documents
//! below them.

use crate::window::{Window, u16_le, u32_le};

const ENTRY_LEN: usize = 128;
/// The most sectors that are read. They have at least 2,048 entries.
const MAX_SECTORS: usize = 512;
/// Allocation table sectors that the header itself lists.
const LISTED_TABLES: u32 = 109;
const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
const LARGEST_SECTOR: u32 = 0xFFFF_FFFA;
pub(crate) const STREAM: u8 = 2;
pub(crate) const ROOT: u8 = 5;

/// The numbers of the header that lead to the directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    bytes: &'a [u8],
    sector_shift: u16,
    first_sector: u32,
}

impl<'a> Header<'a> {
    /// `None` if a number that leads to the directory is not possible. Other faults, such as a wrong byte order mark, do not matter.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let sector_shift = u16_le(bytes, 30).filter(|shift| matches!(shift, 9 | 12))?;
        let first_sector = u32_le(bytes, 48).filter(|sector| *sector <= LARGEST_SECTOR)?;
        Some(Self { bytes, sector_shift, first_sector })
    }

    pub(crate) fn sector_len(&self) -> u64 {
        1 << self.sector_shift
    }

    /// The header is before the first sector and is as long as a sector.
    fn offset_of(&self, sector: u32) -> u64 {
        (u64::from(sector) + 1) << self.sector_shift
    }

    pub(crate) fn directory_at(&self) -> u64 {
        self.offset_of(self.first_sector)
    }

    /// The offset of this sector's link in the allocation table. `None` if the header does not list that part of the table.
    fn link_at(&self, sector: u32) -> Option<u64> {
        let links = u32::try_from(self.sector_len() / 4).ok()?;
        let table = sector / links;
        let listed = usize::try_from(table).ok().filter(|_| table < LISTED_TABLES)?;
        let table_sector = u32_le(self.bytes, 76 + 4 * listed).filter(|sector| *sector <= LARGEST_SECTOR)?;
        Some(self.offset_of(table_sector) + 4 * u64::from(sector % links))
    }
}

/// One entry: a stream, a storage or the root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a>(&'a [u8]);

impl Entry<'_> {
    pub(crate) fn kind(&self) -> u8 {
        self.0.get(66).copied().unwrap_or_default()
    }

    pub(crate) fn class_id(&self) -> &[u8] {
        self.0.get(80..96).unwrap_or_default()
    }

    /// Whether this is the entry's name. As in the format, upper and lower case are equal.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let stored_len = u16_le(self.0, 64).map(usize::from);
        let units = || self.0.get(..64).unwrap_or_default().as_chunks::<2>().0.iter().copied().map(u16::from_le_bytes);
        stored_len == Some(2 * name.len() + 2)
            && units()
                .take(name.len())
                .zip(name.bytes())
                .all(|(unit, byte)| u8::try_from(unit).is_ok_and(|unit| unit.eq_ignore_ascii_case(&byte)))
    }

    fn siblings(&self) -> [Option<u32>; 2] {
        [u32_le(self.0, 68), u32_le(self.0, 72)]
    }

    /// Whether it is a stream, a storage or the root. A deleted entry may keep its name.
    pub(crate) fn is_in_use(&self) -> bool {
        self.kind() != 0
    }

    pub(crate) fn has_child(&self) -> bool {
        self.child().is_some_and(|child| child <= LARGEST_SECTOR)
    }

    fn child(&self) -> Option<u32> {
        u32_le(self.0, 76)
    }
}

/// The directory's sectors in order, and the offsets of missing sectors.
pub(crate) struct Directory<'a> {
    window: Window<'a>,
    header: Header<'a>,
    sectors: Vec<u32>,
    /// Offsets of needed sectors that are not known.
    pub(crate) missing: Vec<u64>,
}

impl<'a> Directory<'a> {
    /// Follows the chain of sectors. If the link of a sector is not known, the directory is assumed to continue in the next sector,
    /// as in the files of most writers.
    pub(crate) fn follow(window: Window<'a>, header: Header<'a>) -> Self {
        let mut directory = Self { window, header, sectors: Vec::new(), missing: Vec::new() };
        let mut sector = header.first_sector;
        while directory.sectors.len() < MAX_SECTORS && sector <= LARGEST_SECTOR {
            let at = header.offset_of(sector);
            if at >= window.object_len() {
                break;
            }
            directory.sectors.push(sector);
            if window.known(at, ENTRY_LEN).is_none() {
                directory.missing.push(at);
            }
            let link_at = header.link_at(sector).filter(|at| *at < window.object_len());
            match link_at.map(|at| (at, window.known(at, 4))) {
                Some((_, Some(link))) => sector = u32_le(link, 0).unwrap_or(END_OF_CHAIN),
                Some((at, None)) => {
                    directory.missing.push(at & !(header.sector_len() - 1));
                    directory.assume_contiguous(sector);
                    break;
                }
                None => {
                    directory.assume_contiguous(sector);
                    break;
                }
            }
        }
        directory
    }

    fn assume_contiguous(&mut self, after: u32) {
        for sector in after.saturating_add(1)..LARGEST_SECTOR {
            let at = self.header.offset_of(sector);
            if self.sectors.len() >= MAX_SECTORS || self.window.known(at, ENTRY_LEN).is_none() {
                break;
            }
            self.sectors.push(sector);
        }
    }

    /// The entry with this number, if it is known.
    pub(crate) fn entry(&self, number: u32) -> Option<Entry<'a>> {
        let number = usize::try_from(number).ok()?;
        let per_sector = usize::try_from(self.header.sector_len()).ok()? / ENTRY_LEN;
        let sector = self.sectors.get(number / per_sector)?;
        let at = self.header.offset_of(*sector) + (number % per_sector * ENTRY_LEN) as u64;
        self.window.known(at, ENTRY_LEN).map(Entry)
    }

    /// Calls `see` with every known entry directly below the root. Returns whether all of them are known.
    pub(crate) fn each_below_root(&self, root: Entry<'_>, mut see: impl FnMut(Entry<'_>)) -> bool {
        let per_sector = usize::try_from(self.header.sector_len()).unwrap_or_default() / ENTRY_LEN;
        let mut seen = vec![false; self.sectors.len() * per_sector];
        let mut to_visit: Vec<u32> = root.child().into_iter().collect();
        let mut is_complete = true;
        // Each entry is expanded once, so the loop ends with any links.
        while let Some(number) = to_visit.pop() {
            if number > LARGEST_SECTOR {
                continue;
            }
            let slot = usize::try_from(number).ok().and_then(|number| seen.get_mut(number));
            match (slot, self.entry(number)) {
                (Some(true), _) => {}
                (Some(slot), Some(entry)) => {
                    *slot = true;
                    to_visit.extend(entry.siblings().into_iter().flatten());
                    see(entry);
                }
                _ => is_complete = false,
            }
        }
        is_complete
    }

    /// Every known entry, at any depth.
    pub(crate) fn known_entries(&self) -> impl Iterator<Item = Entry<'a>> + '_ {
        let per_sector = u32::try_from(self.header.sector_len()).unwrap_or_default() / 128;
        let count = u32::try_from(self.sectors.len()).unwrap_or_default() * per_sector;
        (0..count).filter_map(|number| self.entry(number))
    }
}
