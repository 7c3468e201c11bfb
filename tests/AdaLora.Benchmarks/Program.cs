using System.CommandLine;
using AdaLora.Benchmarks;

var model = new Option<string?>("--model") { Description = "Checkpoint folder; random weights of BERT-base shape when left out." };
var batch = new Option<int>("--batch") { Description = "Texts per step.", DefaultValueFactory = _ => 32 };
var length = new Option<int>("--length") { Description = "Tokens per text.", DefaultValueFactory = _ => 64 };
var dropout = new Option<double>("--dropout") { Description = "Dropout before the adapters.", DefaultValueFactory = _ => 0.1 };
var matrices = new Option<int>("--matrices") { Description = "Adapted matrices.", DefaultValueFactory = _ => 72 };
var rank = new Option<int>("--rank") { Description = "Triplets per matrix.", DefaultValueFactory = _ => 12 };
var warmup = new Option<int>("--warmup") { Description = "Rounds that are not counted; at least 5, so that the compacted contender is compacted.", DefaultValueFactory = _ => 5 };
var rounds = new Option<int>("--rounds") { Description = "Rounds that are counted.", DefaultValueFactory = _ => 30 };
var threads = new Option<int>("--threads") { Description = "Processor threads.", DefaultValueFactory = _ => 2 };
var json = new Option<bool>("--json") { Description = "Print JSON instead of Markdown." };

return new RootCommand("Benchmarks of AdaLora; see docs/benchmarks.md. Contenders take turns, and only ratios mean anything.")
{
    Command("step", "Times whole training steps of AdaLoRA and its rivals.", line => StepBenchmark.Run(Settings(line)), model, batch, length, dropout),
    Command("inference", "Times evaluation of the plain, the adapted and the merged model.", line => InferenceBenchmark.Run(Settings(line)), model, batch, length),
    Command(
        "allocator",
        "Times importance, mask and regulariser alone, on the bank and matrix by matrix.",
        line => AllocatorBenchmark.Run(line.GetValue(matrices), line.GetValue(rank), line.GetValue(warmup), line.GetValue(rounds), line.GetValue(threads)),
        matrices,
        rank),
}.Parse(args).Invoke();

Command Command(string name, string description, Func<ParseResult, IReadOnlyList<BenchmarkRow>> run, params Option[] options)
{
    var command = new Command(name, description);
    foreach (var option in (Option[])[.. options, warmup, rounds, threads, json])
        command.Add(option);
    command.SetAction(line =>
    {
        var rows = run(line);
        Console.Write(line.GetValue(json) ? BenchmarkRow.ToJson(rows) : BenchmarkRow.ToMarkdown(rows));
    });
    return command;
}

StepBenchmarkSettings Settings(ParseResult line) => new(
    line.GetValue(model), line.GetValue(batch), line.GetValue(length), line.GetValue(dropout), Math.Max(5, line.GetValue(warmup)), line.GetValue(rounds), line.GetValue(threads));
