//! Depth first through things that depend on each other, with a stack of its own: a chain may be as
//! long as a template.

/// An order in which each comes after what it depends on, and the cycles that stand in its way.
#[derive(Debug, PartialEq, Eq)]
pub struct Walk {
    pub order: Vec<usize>,
    pub cycles: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Closed,
}

/// Visits everything, each after what it depends on, in the given order where that leaves a choice.
pub fn depth_first(dependencies: &[Vec<usize>]) -> Walk {
    let mut walk = Walk { order: Vec::with_capacity(dependencies.len()), cycles: Vec::new() };
    let mut marks = vec![Mark::New; dependencies.len()];
    for first in 0..dependencies.len() {
        if marks[first] != Mark::New {
            continue;
        }
        marks[first] = Mark::Open;
        // What is open, and how many of its dependencies have been looked at.
        let mut path = vec![(first, 0)];
        while let Some((here, looked_at)) = path.last_mut() {
            let Some(next) = dependencies[*here].get(*looked_at).copied() else {
                marks[*here] = Mark::Closed;
                walk.order.push(*here);
                path.pop();
                continue;
            };
            *looked_at += 1;
            match marks[next] {
                Mark::Closed => {}
                Mark::New => {
                    marks[next] = Mark::Open;
                    path.push((next, 0));
                }
                Mark::Open => {
                    let start = path.iter().position(|(open, _)| *open == next).unwrap_or(0);
                    walk.cycles.push(path[start..].iter().map(|(open, _)| *open).collect());
                }
            }
        }
    }
    walk
}

#[cfg(test)]
mod tests {
    use super::{Walk, depth_first};

    #[test]
    fn each_comes_after_what_it_depends_on() {
        let walk = depth_first(&[vec![2, 1], vec![], vec![1], vec![]]);
        assert_eq!(walk, Walk { order: vec![1, 2, 0, 3], cycles: vec![] });
    }

    #[test]
    fn cycles_are_told_by_their_members() {
        let walk = depth_first(&[vec![1], vec![2], vec![1, 2]]);
        assert_eq!(walk, Walk { order: vec![2, 1, 0], cycles: vec![vec![1, 2], vec![2]] });
    }

    #[test]
    fn a_chain_may_be_long() {
        let chain: Vec<Vec<usize>> = (1..=200_000).map(|next| vec![next]).chain([vec![]]).collect();
        assert_eq!(depth_first(&chain).order.len(), 200_001);
    }
}
