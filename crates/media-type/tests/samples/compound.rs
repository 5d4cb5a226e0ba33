//! Builds compound files with a directory at any place.

/// Class ids, in the byte order of the file.
pub(crate) const WORD: [u8; 16] = [0x06, 0x09, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
pub(crate) const EXCEL: [u8; 16] = [0x20, 0x08, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

const FREE: u32 = 0xFFFF_FFFF;
const END: u32 = 0xFFFF_FFFE;
const TABLE: u32 = 0xFFFF_FFFD;

/// Builds a compound file from an allocation table, sectors of zeros, and the directory.
#[derive(Clone)]
pub(crate) struct Builder {
    pub(crate) sector_shift: u16,
    pub(crate) root_class: [u8; 16],
    /// Streams directly below the root.
    pub(crate) streams: Vec<&'static str>,
    /// The name of the storage below the root that contains `nested`.
    pub(crate) storage: &'static str,
    /// The streams in the storage. Without any, there is no storage.
    pub(crate) nested: Vec<&'static str>,
    /// The length in bytes of the sectors before the directory.
    pub(crate) streams_first: usize,
    /// The number of sectors between two sectors of the directory.
    pub(crate) directory_gap: usize,
    /// Whether the allocation table is the file's last sector, and not its first.
    pub(crate) has_table_last: bool,
}

impl Builder {
    pub(crate) fn word() -> Self {
        Self {
            sector_shift: 9,
            root_class: WORD,
            streams: vec!["\u{5}SummaryInformation", "WordDocument", "1Table", "\u{1}CompObj"],
            storage: "MBD0001",
            nested: vec![],
            streams_first: 0,
            directory_gap: 0,
            has_table_last: false,
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let sector_len = 1_usize << self.sector_shift;
        let per_sector = sector_len / 128;
        let entries = self.entries();
        let directory_sectors = entries.len().div_ceil(per_sector);
        let first = usize::from(!self.has_table_last) + self.streams_first.div_ceil(sector_len);
        let sector = |nth: usize| first + nth * (self.directory_gap + 1);
        let last = sector(directory_sectors - 1);
        let table_sector = if self.has_table_last { last + 1 } else { 0 };
        let sectors = last + 1 + usize::from(self.has_table_last);

        let mut file = vec![0; sector_len * (sectors + 1)];
        let mut links = vec![FREE; (sector_len / 4).max(sectors)];
        links[table_sector] = TABLE;
        for nth in 0..directory_sectors {
            let is_last = nth + 1 == directory_sectors;
            links[sector(nth)] = if is_last { END } else { u32::try_from(sector(nth + 1)).unwrap() };
            let at = (sector(nth) + 1) * sector_len;
            for (slot, entry) in entries.iter().skip(nth * per_sector).take(per_sector).enumerate() {
                file[at + slot * 128..][..128].copy_from_slice(entry);
            }
        }
        // The table may be too short for all sectors. The other sectors have no links, and the directory is contiguous.
        let table_at = (table_sector + 1) * sector_len;
        for (slot, link) in links.iter().take(sector_len / 4).enumerate() {
            file[table_at + slot * 4..][..4].copy_from_slice(&link.to_le_bytes());
        }
        file[..512].copy_from_slice(&self.header(sector(0), table_sector));
        file
    }

    fn header(&self, directory: usize, table: usize) -> [u8; 512] {
        let mut header = [0; 512];
        header[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
        header[24..34].copy_from_slice(&[
            0x3E,
            0,
            if self.sector_shift == 9 { 3 } else { 4 },
            0,
            0xFE,
            0xFF,
            0,
            0,
            6,
            0,
        ]);
        header[30..32].copy_from_slice(&self.sector_shift.to_le_bytes());
        header[44] = 1;
        header[48..52].copy_from_slice(&u32::try_from(directory).unwrap().to_le_bytes());
        header[76..].fill(0xFF);
        header[76..80].copy_from_slice(&u32::try_from(table).unwrap().to_le_bytes());
        header
    }

    /// The root, its streams as a list of right siblings, and the storage with its own list.
    fn entries(&self) -> Vec<[u8; 128]> {
        let number = |n: usize| u32::try_from(n).unwrap();
        let has_storage = !self.nested.is_empty();
        let below_root = self.streams.len() + usize::from(has_storage);
        let mut entries =
            vec![directory_entry("Root Entry", 5, FREE, if below_root > 0 { 1 } else { FREE }, self.root_class)];
        for (nth, name) in self.streams.iter().enumerate() {
            let right = if nth + 1 < below_root { number(nth + 2) } else { FREE };
            entries.push(directory_entry(name, 2, right, FREE, [0; 16]));
        }
        if has_storage {
            entries.push(directory_entry(self.storage, 1, FREE, number(below_root + 1), WORD));
            for (nth, name) in self.nested.iter().enumerate() {
                let right = if nth + 1 < self.nested.len() { number(below_root + nth + 2) } else { FREE };
                entries.push(directory_entry(name, 2, right, FREE, [0; 16]));
            }
        }
        entries
    }
}

fn directory_entry(name: &str, kind: u8, right: u32, child: u32, class: [u8; 16]) -> [u8; 128] {
    let mut entry = [0; 128];
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    entry[..units.len()].copy_from_slice(&units);
    entry[64] = u8::try_from(units.len() + 2).unwrap();
    entry[66] = kind;
    entry[68..72].copy_from_slice(&FREE.to_le_bytes());
    entry[72..76].copy_from_slice(&right.to_le_bytes());
    entry[76..80].copy_from_slice(&child.to_le_bytes());
    entry[80..96].copy_from_slice(&class);
    entry[120] = 1;
    entry
}

pub(crate) fn doc() -> Vec<u8> {
    Builder::word().build()
}
