//! How long many separate copies at once take, beside as many plain
//! `git clone --shared` of the same repository in the same run.
//!
//! `copies [FILES] [COPIES] [REPEATS] [FOLDER]`, by default 10,000, 50 and 20, on a disk in
//! memory where there is one: a million new files take hours on a slow disk, whose moods would
//! be all that is measured. The last line is the ratio of the two total times. Ends with 1 when
//! a copy failed.

#![expect(clippy::disallowed_methods, reason = "it measures programs")]

use regatta_git::Git;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio::task::JoinSet;

/// Where Linux has a disk in memory.
const IN_MEMORY: &str = "/dev/shm";

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let mut args = std::env::args().skip(1);
    let mut number = |default: usize| args.next().map_or(Ok(default), |text| text.parse());
    let (files, copies, repeats) = (number(10_000)?, number(50)?, number(20)?);
    let folder = match args.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None if Path::new(IN_MEMORY).is_dir() => tempfile::tempdir_in(IN_MEMORY)?,
        None => tempfile::tempdir()?,
    };
    let bench = CopyBench::new(folder.path(), files).await?;
    let (mut plain, mut ours, mut failed) = (Duration::ZERO, Duration::ZERO, 0);
    for repeat in 0..repeats {
        // Turn and turn about, so that a warm disk helps both alike.
        for is_plain in [repeat % 2 == 0, repeat % 2 != 0] {
            let (time, failures) = bench.run_round(is_plain, copies).await?;
            *(if is_plain { &mut plain } else { &mut ours }) += time;
            failed += failures;
            println!("{} {copies} x {files} files: {time:.2?}, {failures} failed", {
                if is_plain { "plain" } else { "ours " }
            });
        }
    }
    println!("failed {failed}");
    println!("ratio {:.3}", ours.as_secs_f64() / plain.as_secs_f64());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A repository with its cache, and a place for copies.
struct CopyBench {
    git: Git,
    project: PathBuf,
    cache: PathBuf,
    commit: String,
    copies: PathBuf,
}

impl CopyBench {
    async fn new(folder: &Path, files: usize) -> Result<Self, Failure> {
        let project = folder.join("project");
        for n in 0..files {
            let part = project.join(format!("part{}", n / 100));
            std::fs::create_dir_all(&part)?;
            std::fs::write(part.join(format!("file{n}.txt")), format!("line {n}\n").repeat(80))?;
        }
        let git = Git::find().await?;
        git.init_project(&project, &git.author(&project).await?, "").await?;
        let commit = git.resolve(&project, "").await?;
        // As a project that came from elsewhere is; else the plain clones would be slower.
        Command::new("git").arg("-C").arg(&project).args(["repack", "-adq"]).status().await?;
        let cache = folder.join("cache.git");
        git.update_cache(&project, &cache, &commit).await?;
        Ok(Self { git, project, cache, commit, copies: folder.join("copies") })
    }

    /// Makes all copies at once; how long it took, and how many failed.
    async fn run_round(&self, plain: bool, copies: usize) -> Result<(Duration, usize), Failure> {
        // What the last round left to the disk to do is not this one's to wait for.
        Command::new("sync").status().await?;
        std::fs::create_dir(&self.copies)?;
        let started = Instant::now();
        let mut making = JoinSet::new();
        for n in 0..copies {
            let dest = self.copies.join(n.to_string());
            let (git, cache, commit) = (self.git.clone(), self.cache.clone(), self.commit.clone());
            let mut clone = Command::new("git");
            clone.args(["clone", "--quiet", "--shared"]).arg(&self.project).arg(&dest);
            making.spawn(async move {
                if plain {
                    clone.status().await.is_ok_and(|status| status.success())
                } else {
                    git.copy(&cache, &commit, &dest, "work").await.is_ok()
                }
            });
        }
        let made = making.join_all().await;
        let time = started.elapsed();
        std::fs::remove_dir_all(&self.copies)?;
        Ok((time, made.iter().filter(|made| !**made).count()))
    }
}
