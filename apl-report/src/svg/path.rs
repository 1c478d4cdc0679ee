//! Lines as path data, as short as they can be without looking different.

use super::px;

/// A place in tenths of a pixel.
type Place = (i64, i64);

/// The path through pixels, in relative steps of tenths rounded so that errors do not add up. Points that are no numbers are left out, and so is what
/// cannot be seen: points nearer than half a pixel to the one before, and points that lie on the line between others to a tenth. Empty where nothing
/// is left to draw.
pub fn path_data(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let places = straight(&apart(points));
    let Some(&first) = places.first() else { return String::new() };
    let pixels = |tenths: i64| px(tenths as f64 / 10.0);
    let mut data = format!("M{} {}l", pixels(first.0), pixels(first.1));
    if places.len() == 1 {
        // One point: a dot, by its round cap.
        data.push_str("0 0");
    }
    for pair in places.windows(2) {
        let step = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        if !data.ends_with('l') && step.0 >= 0 {
            data.push(' ');
        }
        data.push_str(&pixels(step.0));
        if step.1 >= 0 {
            data.push(' ');
        }
        data.push_str(&pixels(step.1));
    }
    data
}

/// The points as places, each at least half a pixel from the one before; the last one in any case.
fn apart(points: impl IntoIterator<Item = (f64, f64)>) -> Vec<Place> {
    let tenth = |v: f64| (v * 10.0).round().clamp(-1e6, 1e6) as i64;
    let mut points = points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).peekable();
    let mut places: Vec<Place> = Vec::new();
    while let Some((x, y)) = points.next() {
        let to = (tenth(x), tenth(y));
        let near = |from: &Place| (to.0 - from.0).abs() < 5 && (to.1 - from.1).abs() < 5;
        if points.peek().is_none() || !places.last().is_some_and(near) {
            places.push(to);
        }
    }
    places
}

/// The fewest of the places, by Ramer's and Douglas and Peucker's rule, such that none is more than a tenth of a pixel from the line.
fn straight(places: &[Place]) -> Vec<Place> {
    let mut kept = vec![false; places.len()];
    let mut pieces = Vec::new();
    if let Some(last) = places.len().checked_sub(1) {
        (kept[0], kept[last]) = (true, true);
        pieces.push((0, last));
    }
    while let Some((from, to)) = pieces.pop() {
        let between = (from + 1..to).map(|i| (i, distance(places[i], places[from], places[to])));
        let farthest = between.max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, _)) = farthest.filter(|(_, distance)| *distance > 1.0) {
            kept[i] = true;
            pieces.extend([(from, i), (i, to)]);
        }
    }
    places.iter().zip(kept).filter(|(_, kept)| *kept).map(|(&place, _)| place).collect()
}

/// From a place to the piece of a line between two others.
fn distance(place: Place, from: Place, to: Place) -> f64 {
    let along = ((to.0 - from.0) as f64, (to.1 - from.1) as f64);
    let out = ((place.0 - from.0) as f64, (place.1 - from.1) as f64);
    let length = along.0.hypot(along.1);
    let share = (out.0 * along.0 + out.1 * along.1) / (length * length);
    // A piece of no length, as of a closed line, is a point.
    let share = if length > 0.0 { share.clamp(0.0, 1.0) } else { 0.0 };
    (out.0 - share * along.0).hypot(out.1 - share * along.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_and_skip_what_cannot_be_seen() {
        let points = [(0.0, 10.0), (0.1, 10.1), (f64::NAN, 1.0), (5.0, 8.0), (9.5, 8.0)];
        assert_eq!(path_data(points), "M0 10l5-2 4.5 0");
        assert_eq!(path_data([(1.0, 2.0)]), "M1 2l0 0");
        assert_eq!(path_data([(f64::INFINITY, 2.0)]), "");
        let closed = [(0.0, 0.0), (5.0, 0.0), (5.0, 5.0), (0.0, 0.0)];
        assert_eq!(path_data(closed), "M0 0l5 0 0 5-5-5");
    }

    /// A smooth line loses most of its points and nowhere leaves its place by more than a tenth of a pixel, besides the rounding to tenths.
    #[test]
    fn what_is_left_out_is_not_seen() {
        let curve: Vec<(f64, f64)> =
            (0..=400).map(|i| (f64::from(i), 50.0 + 40.0 * (f64::from(i) / 60.0).sin())).collect();
        let all = apart(curve.iter().copied());
        let kept = straight(&all);
        assert!(all.len() == 401 && kept.len() < 90 && kept.len() > 20, "{}", kept.len());
        for place in all {
            let gaps = kept.windows(2).map(|pair| distance(place, pair[0], pair[1]));
            assert!(gaps.fold(f64::INFINITY, f64::min) <= 1.0, "{place:?}");
        }
    }
}
