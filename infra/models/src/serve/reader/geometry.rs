//! Points, hulls and the smallest rectangle around a shape.

/// A point or a direction in pixels; y goes down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub const fn new(x: f32, y: f32) -> Self {
        Point { x, y }
    }

    pub fn plus(self, other: Point, times: f32) -> Point {
        Point { x: self.x + other.x * times, y: self.y + other.y * times }
    }

    fn dot(self, other: Point) -> f32 {
        self.x * other.x + self.y * other.y
    }
}

/// A rectangle that may be turned. `along` is the direction of its width, of length 1, and points right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rectangle {
    pub center: Point,
    pub along: Point,
    pub width: f32,
    pub height: f32,
}

impl Rectangle {
    /// The direction of its height, of length 1.
    pub fn down(&self) -> Point {
        Point::new(-self.along.y, self.along.x)
    }

    /// Returns the top left corner, as its own directions have it.
    pub fn corner(&self) -> Point {
        self.center.plus(self.along, -self.width / 2.0).plus(self.down(), -self.height / 2.0)
    }

    /// Returns the smallest rectangle, by area, around points: one of its edges lies on one of their hull's.
    pub fn around(points: &[Point]) -> Option<Rectangle> {
        let hull = hull(points);
        let &first = hull.first()?;
        if hull.len() == 1 {
            return Some(Rectangle { center: first, along: Point::new(1.0, 0.0), width: 0.0, height: 0.0 });
        }
        let edges = hull.iter().zip(hull.iter().cycle().skip(1));
        let rectangles = edges.map(|(a, b)| on_edge(&hull, Point::new(b.x - a.x, b.y - a.y)));
        rectangles.min_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height))).map(Rectangle::upright)
    }

    /// Names the same rectangle so that `along` points right, within 45 degrees: lines of text mostly run that way.
    fn upright(self) -> Rectangle {
        let mut same = self;
        for _ in 0..4 {
            if same.along.x >= same.along.y.abs() {
                break;
            }
            same = Rectangle { along: same.down(), width: same.height, height: same.width, ..same };
        }
        same
    }
}

fn on_edge(hull: &[Point], edge: Point) -> Rectangle {
    let length = edge.dot(edge).sqrt();
    let along = Point::new(edge.x / length, edge.y / length);
    let down = Point::new(-along.y, along.x);
    let range = |direction: Point| {
        hull.iter()
            .map(|point| point.dot(direction))
            .fold((f32::MAX, f32::MIN), |(low, high), at| (low.min(at), high.max(at)))
    };
    let ((left, right), (top, bottom)) = (range(along), range(down));
    let center = Point::new(0.0, 0.0).plus(along, (left + right) / 2.0).plus(down, (top + bottom) / 2.0);
    Rectangle { center, along, width: right - left, height: bottom - top }
}

/// Returns the convex hull, by Andrew's monotone chain.
fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull: Vec<Point> = Vec::new();
    let mut chain = |points: &mut dyn Iterator<Item = &Point>| {
        let start = hull.len();
        for point in points {
            while hull.len() >= start + 2 && turn(hull[hull.len() - 2], hull[hull.len() - 1], *point) <= 0.0 {
                hull.pop();
            }
            hull.push(*point);
        }
        // The last of one half is the first of the other.
        hull.pop();
    };
    chain(&mut sorted.iter());
    chain(&mut sorted.iter().rev());
    hull
}

fn turn(a: Point, b: Point, c: Point) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(list: &[(f32, f32)]) -> Vec<Point> {
        list.iter().map(|(x, y)| Point::new(*x, *y)).collect()
    }

    #[test]
    fn the_smallest_rectangle_lies_on_an_edge() {
        let found = Rectangle::around(&points(&[(0.0, 0.0), (10.0, 0.0), (10.0, 4.0), (0.0, 4.0), (5.0, 2.0)]));
        let wanted = Rectangle { center: Point::new(5.0, 2.0), along: Point::new(1.0, 0.0), width: 10.0, height: 4.0 };
        assert_eq!(found, Some(wanted));
        // A square on its corner: turned by 45 degrees, half the area of the upright one.
        let turned = Rectangle::around(&points(&[(0.0, 5.0), (5.0, 0.0), (10.0, 5.0), (5.0, 10.0)])).expect("a shape");
        assert!((turned.width * turned.height - 50.0).abs() < 1e-3, "{turned:?}");
        assert_eq!(turned.center, Point::new(5.0, 5.0));
    }

    #[test]
    fn a_slanted_line_points_right() {
        let slanted = points(&[(0.0, 0.0), (20.0, 5.0), (19.0, 9.0), (-1.0, 4.0)]);
        let found = Rectangle::around(&slanted).expect("a shape");
        assert!(found.along.x > 0.9 && found.along.y > 0.2, "{found:?}");
        assert!(found.width > 20.0 && found.height < 5.0, "{found:?}");
        let corner = found.corner();
        assert!(corner.x.abs() < 1e-3 && corner.y.abs() < 1e-3, "{corner:?}");
    }

    #[test]
    fn few_points_have_a_rectangle_too() {
        assert_eq!(Rectangle::around(&[]), None);
        let one = Rectangle::around(&points(&[(3.0, 4.0); 5])).expect("a point");
        assert_eq!((one.width, one.height), (0.0, 0.0));
        let two = Rectangle::around(&points(&[(3.0, 4.0), (3.0, 9.0)])).expect("a line");
        assert_eq!((two.width, two.height), (0.0, 5.0));
    }
}
