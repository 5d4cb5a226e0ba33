//! Compares builds of intake, to see the cost of a dependency, a feature or a profile.

use std::{path::PathBuf, time::Duration};

use servers::runtime_api::RuntimeApi;

use crate::{
    Error,
    fakes::{Fakes, ObjectName, Transport},
    measure::{self, Bench, Callgrind, KIB, MIB, median, size},
    report::{markdown, number},
    subject::{Programs, Subject},
};

/// One build of intake.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its name in the table.
    pub name: String,
    /// The program.
    pub path: PathBuf,
}

impl Build {
    /// From `name=path`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (name, path) =
            text.split_once('=').ok_or_else(|| format!("a build must have the form name=path, but is {text:?}"))?;
        let path = PathBuf::from(path);
        let path = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { name: name.to_owned(), path })
    }
}

const HEADS: [&str; 11] = [
    "build",
    "binary, bytes",
    "zip, bytes",
    "init, k instr.",
    "first TLS invoke, k instr.",
    "1 KiB, k instr.",
    "25 MiB, k instr.",
    "25 MiB, CPU ms",
    "with S3's CRC32",
    "over TLS",
    "peak, MiB",
];
const ROUNDS: usize = 21;

/// One build's median CPU times (plain, with a checksum to verify, over TLS) and its peak memory.
struct Warm {
    cpu: [Duration; 3],
    peak_kib: u64,
}

/// A build's two processes, and the CPU times of each round.
struct Measured {
    plain: RuntimeApi,
    tls: RuntimeApi,
    cpu: [Vec<Duration>; 3],
}

/// Measures the builds and returns the table in Markdown.
pub async fn compare(builds: &[Build], programs: &Programs, fakes: Fakes) -> Result<String, Error> {
    let mut bench = Bench { fakes, programs: programs.clone(), quick: false };
    let warm = warm(builds, &mut bench).await?;
    let mut rows = Vec::new();
    for (build, warm) in builds.iter().zip(warm) {
        let size = size(&build.path)?;
        let mut row = vec![build.name.clone(), whole(size.binary as u64), whole(size.zip as u64)];
        if measure::callgrind_is_there() {
            eprintln!("instructions of {} …", build.name);
            let callgrind = Callgrind { intake: build.path.clone(), scratch: programs.scratch.clone() };
            let counted = callgrind.all(&bench.fakes).await?;
            row.extend(
                [counted.init, counted.first_tls, counted.small, counted.large].map(|count| whole(count / 1000)),
            );
        } else {
            row.extend(vec!["-".to_owned(); 4]);
        }
        row.extend(warm.cpu.map(|cpu| number(cpu.as_secs_f64() * 1000.0)));
        row.push(number(f64::from(u32::try_from(warm.peak_kib)?) / 1024.0));
        rows.push(row);
    }
    Ok(markdown(&HEADS, &rows))
}

/// Runs all builds at once, and measures one after the other in each round.
async fn warm(builds: &[Build], bench: &mut Bench) -> Result<Vec<Warm>, Error> {
    eprintln!("warm invokes …");
    let mut subjects = Vec::new();
    for build in builds {
        bench.programs.intake.clone_from(&build.path);
        let (plain, tls) = (started(bench, Transport::Plain).await?, started(bench, Transport::Tls).await?);
        subjects.push(Measured { plain, tls, cpu: Default::default() });
    }
    let large = ObjectName::of(25 * MIB);
    let checked = ObjectName { checksum: true, ..large };
    for _ in 0..ROUNDS {
        for Measured { plain, tls, cpu: [without, with, over_tls] } in &mut subjects {
            without.push(bench.send(plain, large, 1).await?.cpu);
            with.push(bench.send(plain, checked, 1).await?.cpu);
            over_tls.push(bench.send(tls, large, 1).await?.cpu);
        }
    }
    let middle = |Measured { plain, tls, cpu }: Measured| -> Result<Warm, Error> {
        Ok(Warm { cpu: cpu.map(median), peak_kib: plain.usage()?.peak_kib.max(tls.usage()?.peak_kib) })
    };
    subjects.into_iter().map(middle).collect()
}

async fn started(bench: &Bench, transport: Transport) -> Result<RuntimeApi, Error> {
    let mut process = Subject::Intake.start(&bench.programs, &bench.fakes, transport).await?;
    process.ready().await?;
    bench.send(&mut process, ObjectName::of(KIB), 1).await?;
    Ok(process)
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts far below 2^52")]
fn whole(value: u64) -> String {
    number(value as f64)
}
