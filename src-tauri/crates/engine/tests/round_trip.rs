//! The round trip: a seeded plan of numbered lines of very many tasks, interleaved at random by an
//! endpoint that speaks as our server does, has to come out of the store as it was planned:
//! none lost, misrouted, doubled or out of order. Here a hundredth of it; the example of the
//! same name runs it whole.

#[path = "../examples/round_trip/plan.rs"]
mod plan;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_at_once_come_out_as_they_were_planned() {
    let ran = plan::run(100).await.expect("it runs");
    assert_eq!(ran.tasks, 1_000);
    println!("{:.1} s, {} MB", ran.took.as_secs_f64(), ran.memory_mb);
}
