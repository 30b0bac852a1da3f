//! A story that fails, made shorter for as long as it still fails in the same way.

use serde_json::Value as Json;

use super::script::{Home, Script, Then};

/// Stories played at most.
const TRIES: usize = 1_500;

/// The shortest script that was found, and what is wrong with it.
pub fn shrink(
    script: &Script,
    problem: &str,
    play: &dyn Fn(&Script) -> Result<(), String>,
) -> (Script, String) {
    let (mut best, mut problem) = (script.clone(), problem.to_owned());
    let wanted = class(&problem);
    let mut tries = 0;
    loop {
        let mut is_shorter = false;
        let mut index = 0;
        // What is shorter than the best is looked at from where it was found: dropping the third
        // mishap leaves a third mishap to drop.
        while let Some(shorter) = shorter(&best).into_iter().nth(index) {
            tries += 1;
            if tries > TRIES {
                return (best, problem);
            }
            match play(&shorter) {
                Err(why) if class(&why) == wanted => {
                    (best, problem, is_shorter) = (shorter, why, true);
                }
                _ => index += 1,
            }
        }
        if !is_shorter {
            return (best, problem);
        }
    }
}

/// What kind of a problem it is: its first words, without names and numbers.
fn class(problem: &str) -> String {
    let first = problem.lines().next().unwrap_or_default();
    let letters = first.chars().filter(|letter| letter.is_ascii_alphabetic() || *letter == ' ');
    letters.take(80).collect()
}

/// Every script that is one step shorter, those first that save most.
fn shorter(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Script)| {
        let mut shorter = script.clone();
        change(&mut shorter);
        drop_unused_versions(&mut shorter);
        if shorter != *script {
            all.push(shorter);
        }
    };
    for (index, chapter) in script.chapters.iter().enumerate() {
        propose(&|it| drop(it.chapters.remove(index)));
        for storm in 0..chapter.storms.len() {
            propose(&|it| drop(it.chapters[index].storms.remove(storm)));
            for mishap in 0..chapter.storms[storm].mishaps.len() {
                propose(&|it| drop(it.chapters[index].storms[storm].mishaps.remove(mishap)));
                propose(&|it| it.chapters[index].storms[storm].mishaps[mishap].times = 1);
            }
            propose(&|it| it.chapters[index].storms[storm].pause = 5);
        }
        propose(&|it| it.chapters[index].then = Then::Calm);
    }
    propose(&|it| it.home = Home::Directory);
    propose(&|it| it.chance = 0);
    for version in 0..script.versions.len() {
        propose(&|it| it.versions[version] = it.versions[0].clone());
    }
    for name in script.versions.iter().flat_map(resources) {
        propose(&|it| {
            it.versions.iter_mut().for_each(|version| remove(version, &["Resources", &name]));
        });
    }
    for (index, version) in script.versions.iter().enumerate() {
        propose(&|it| remove(&mut it.versions[index], &["Outputs"]));
        propose(&|it| {
            let version = &mut it.versions[index];
            for name in resources(version) {
                remove(version, &["Resources", &name, "Condition"]);
            }
            remove(version, &["Conditions"]);
        });
        propose(&|it| remove(&mut it.versions[index], &["Parameters"]));
        for name in resources(version) {
            propose(&|it| remove(&mut it.versions[index], &["Resources", &name]));
            let properties = version["Resources"][&name]["Properties"].as_object();
            for property in properties.into_iter().flat_map(|properties| properties.keys()) {
                propose(&|it| {
                    for version in &mut it.versions {
                        remove(version, &["Resources", &name, "Properties", property]);
                    }
                });
            }
        }
    }
    all
}

fn resources(version: &Json) -> Vec<String> {
    version["Resources"].as_object().map(|them| them.keys().cloned().collect()).unwrap_or_default()
}

fn remove(json: &mut Json, path: &[&str]) {
    let Some((last, before)) = path.split_last() else { return };
    let place = before.iter().try_fold(json, |json, key| json.get_mut(*key));
    if let Some(Json::Object(map)) = place {
        map.shift_remove(*last);
    }
}

fn drop_unused_versions(script: &mut Script) {
    let mut kept = Vec::new();
    let mut place = |target: &mut usize| {
        let version = &script.versions[*target];
        *target = match kept.iter().position(|it| it == version) {
            Some(index) => index,
            None => {
                kept.push(version.clone());
                kept.len() - 1
            }
        };
    };
    for chapter in &mut script.chapters {
        chapter.target.iter_mut().for_each(&mut place);
        for mishap in chapter.storms.iter_mut().flat_map(|storm| &mut storm.mishaps) {
            if let super::faults::Kind::Other(Some(target)) = &mut mishap.kind {
                place(target);
            }
        }
    }
    script.versions = kept;
}
