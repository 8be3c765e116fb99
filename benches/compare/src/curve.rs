//! Figures as tables and as drawings.

use crate::Error;
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;

/// Points of one thing, in the order of their first coordinate.
pub(crate) struct Curve {
    name: String,
    points: Vec<(usize, f64)>,
}

/// Curves that share their axes; the first axis is logarithmic.
pub(crate) struct Figure {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) curves: Vec<Curve>,
}

impl Curve {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), points: Vec::new() }
    }

    pub(crate) fn push(&mut self, x: usize, y: f64) {
        self.points.push((x, y));
    }
}

impl Figure {
    /// The points as a table of Markdown.
    pub(crate) fn table(&self) -> String {
        let names: Vec<&str> = self.curves.iter().map(|curve| curve.name.as_str()).collect();
        let mut page = format!("In {}.\n\n| {} | {} |\n", self.y, self.x, names.join(" | "));
        page.push_str(&format!("|{}\n", "---:|".repeat(names.len() + 1)));
        let mut steps: Vec<usize> =
            self.curves.iter().flat_map(|curve| &curve.points).map(|(x, _)| *x).collect();
        steps.sort_unstable();
        steps.dedup();
        for step in steps {
            // Writing to a string cannot fail.
            let _ = write!(page, "| {} |", grouped(step));
            for curve in &self.curves {
                let point = curve.points.iter().find(|(x, _)| *x == step);
                let _ = match point {
                    Some((_, y)) => write!(page, " {y:.2} |"),
                    None => write!(page, " – |"),
                };
            }
            page.push('\n');
        }
        page
    }

    /// Draws the curves into an SVG file.
    pub(crate) fn draw(&self, to: &Path) -> Result<(), Error> {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let least = points().map(|(x, _)| *x).min().unwrap_or(1);
        let most = points().map(|(x, _)| *x).max().unwrap_or(10).max(least + 1);
        let top = points().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max) * 1.1;
        let root = SVGBackend::new(to, (720, 400)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(&self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d((least..most).log_scale(), 0.0..top)?;
        chart
            .configure_mesh()
            .x_desc(&self.x)
            .y_desc(&self.y)
            .x_label_formatter(&|x| grouped(*x))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (curve, color) in self.curves.iter().zip(COLORS.iter().cycle()) {
            chart
                .draw_series(
                    LineSeries::new(curve.points.iter().copied(), color.stroke_width(2)).point_size(3),
                )?
                .label(&curve.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        }
        // Costs grow to the right, so there is room on the left.
        let mut names = chart.configure_series_labels();
        names.position(SeriesLabelPosition::UpperLeft).background_style(WHITE).border_style(BLACK).draw()?;
        root.present()?;
        Ok(())
    }
}

/// A number with a comma after each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Colours that people with colour blindness can tell apart.
const COLORS: [RGBColor; 3] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115)];

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let mut one = Curve::new("one");
        let mut two = Curve::new("two");
        one.push(10, 1.0);
        one.push(1000, 2.5);
        two.push(1000, 3.0);
        let [title, x, y] = ["Cost", "rules", "µs"].map(str::to_owned);
        Figure { title, x, y, curves: vec![one, two] }
    }

    #[test]
    fn curves_of_different_reach_share_a_table() {
        let expected = "In µs.\n\n| rules | one | two |\n|---:|---:|---:|\n\
                        | 10 | 1.00 | – |\n| 1,000 | 2.50 | 3.00 |\n";
        assert_eq!(figure().table(), expected);
    }

    #[test]
    fn a_drawing_names_its_curves() {
        let scratch = tempfile::tempdir().expect("a folder");
        let to = scratch.path().join("cost.svg");
        figure().draw(&to).expect("a drawing");
        let drawn = std::fs::read_to_string(&to).expect("a file");
        for text in ["<svg", "one", "two", "rules", "1,000"] {
            assert!(drawn.contains(text), "{text}");
        }
    }
}
