using System.CommandLine;
using AdaLora.Benchmarks;

var model = new Option<string?>("--model") { Description = "Checkpoint folder; random weights of BERT-base shape when left out." };
var batch = new Option<int>("--batch") { Description = "Texts per step.", DefaultValueFactory = _ => 32 };
var length = new Option<int>("--length") { Description = "Tokens per text.", DefaultValueFactory = _ => 64 };
var dropout = new Option<double>("--dropout") { Description = "Dropout before the adapters.", DefaultValueFactory = _ => 0.1 };
var warmup = new Option<int>("--warmup") { Description = "Steps that are not counted; at least 5, so that the compacted contender is compacted.", DefaultValueFactory = _ => 5 };
var steps = new Option<int>("--steps") { Description = "Steps that are counted.", DefaultValueFactory = _ => 30 };
var threads = new Option<int>("--threads") { Description = "Processor threads.", DefaultValueFactory = _ => 2 };
var json = new Option<bool>("--json") { Description = "Print JSON instead of Markdown." };
var step = new Command("step", "Times whole training steps of AdaLoRA and its rivals, taking turns.") { model, batch, length, dropout, warmup, steps, threads, json };
step.SetAction(line =>
{
    var rows = StepBenchmark.Run(new StepBenchmarkSettings(
        line.GetValue(model), line.GetValue(batch), line.GetValue(length), line.GetValue(dropout), Math.Max(5, line.GetValue(warmup)), Math.Max(1, line.GetValue(steps)), line.GetValue(threads)));
    Console.Write(line.GetValue(json) ? BenchmarkRow.ToJson(rows) : BenchmarkRow.ToMarkdown(rows));
});
return new RootCommand("Benchmarks of AdaLora; see docs/benchmarks.md.") { step }.Parse(args).Invoke();
