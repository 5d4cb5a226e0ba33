//! The progress of a load as an SVG.

use std::fmt::Write as _;

use super::report::SoakReport;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 480.0;
/// Around the curves: left, right, top, bottom.
const MARGIN: (f64, f64, f64, f64) = (60.0, 70.0, 40.0, 50.0);

/// Objects written and recorded over time, and the functions' memory.
pub(super) fn svg(report: &SoakReport) -> String {
    let end = report.recorded.last().or(report.written.last()).copied().unwrap_or(1.0).max(1.0);
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let (objects, kibibytes) = (
        report.written.len().max(1) as f64,
        report.memory.values().flatten().map(|one| one.resident).max().unwrap_or(1) as f64 * 1.3,
    );
    let x = |seconds: f64| MARGIN.0 + seconds / end * (WIDTH - MARGIN.0 - MARGIN.1);
    let y = |share: f64| HEIGHT - MARGIN.3 - share * (HEIGHT - MARGIN.2 - MARGIN.3);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    // Writing to a string cannot fail.
    let mut line = |what: std::fmt::Arguments<'_>| {
        let _ = writeln!(svg, "{what}");
    };
    for tick in 0..=5_u8 {
        let share = f64::from(tick) / 5.0;
        let (across, up) = (x(share * end), y(share));
        line(format_args!("<path d=\"M{:.1} {up:.1}H{:.1}\" stroke=\"#ddd\"/>", MARGIN.0, WIDTH - MARGIN.1));
        line(format_args!(
            "<text x=\"{across:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0} s</text>",
            HEIGHT - MARGIN.3 + 18.0,
            share * end
        ));
        line(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0}</text>",
            MARGIN.0 - 8.0,
            up + 4.0,
            share * objects
        ));
        line(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#777\">{:.0} MiB</text>",
            WIDTH - MARGIN.1 + 8.0,
            up + 4.0,
            share * kibibytes / 1024.0
        ));
    }
    let mut legend = MARGIN.0;
    let mut curve = |name: &str, colour: &str, dash: &str, points: String| {
        line(format_args!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\" points=\"{points}\"/>"
        ));
        line(format_args!("<text x=\"{legend:.1}\" y=\"22\" fill=\"{colour}\">{name}</text>"));
        legend += 150.0;
    };
    for (name, colour, times) in [("written", "#2b6cb0", &report.written), ("recorded", "#2f855a", &report.recorded)] {
        let points = times.iter().zip(1_u32..).map(|(at, count)| (x(*at), y(f64::from(count) / objects)));
        curve(name, colour, "none", joined(points));
    }
    for ((name, samples), colour) in report.memory.iter().zip(["#b7791f", "#c53030", "#6b46c1"]) {
        #[expect(clippy::cast_precision_loss, reason = "kibibytes of a process")]
        let points =
            samples.iter().filter(|one| one.at <= end).map(|one| (x(one.at), y(one.resident as f64 / kibibytes)));
        curve(&format!("memory of {name}"), colour, "4 3", joined(points));
    }
    svg.push_str("</svg>\n");
    svg
}

fn joined(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}
