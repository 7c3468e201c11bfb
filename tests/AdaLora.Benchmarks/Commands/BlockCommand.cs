using System.CommandLine;
using System.Globalization;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;

namespace AdaLora.Benchmarks;

/// <summary>One block of our steps, for the process that compares programs: prints what the script around PEFT prints at its end.</summary>
internal static class BlockCommand
{
    private const string Name = "block";

    private static readonly Option<int> Steps = new("--steps") { Required = true };
    private static readonly Option<string> Task = new("--task") { Required = true };
    private static readonly Option<string> Data = new("--data") { Required = true };
    private static readonly Option<string> Model = new("--model") { Required = true };
    private static readonly Option<string> Method = new("--method") { Required = true };
    private static readonly Option<int> Seed = new("--seed") { Required = true };
    private static readonly Option<int> Batch = new("--batch") { Required = true };
    private static readonly Option<int> Length = new("--length") { Required = true };
    private static readonly Option<double> Dropout = ParsedOption.Number("--dropout", "", 0.0);
    private static readonly Option<string> ElementType = new("--dtype") { Required = true };
    private static readonly Option<int> Threads = new("--threads") { Required = true };

    public static Command Create()
    {
        var command = new Command(Name) { Steps, Task, Data, Model, Method, Seed, Batch, Length, Dropout, ElementType, Threads };
        command.Hidden = true;
        command.SetAction(line => BenchmarkCommand.Guarded(() =>
        {
            var milliseconds = TrainingBlock.Run(WorkOf(line), line.GetValue(Steps));
            Console.WriteLine(TrainingReport.OfThisProcess(milliseconds, BlockPlan.Uncounted));
        }));
        return command;
    }

    public static IEnumerable<string> ArgumentsOf(PeerWork work, int steps)
    {
        (Option Option, IConvertible Value)[] arguments =
        [
            (Steps, steps), (Task, work.Task.Name), (Data, work.Data), (Model, work.Model), (Method, work.Method), (Seed, work.Seed), (Batch, work.Batch), (Length, work.Length),
            (Dropout, work.Dropout), (ElementType, work.ElementType), (Threads, work.Threads),
        ];
        return [Name, .. arguments.SelectMany(a => (string[])[a.Option.Name, a.Value.ToString(CultureInfo.InvariantCulture)])];
    }

    private static PeerWork WorkOf(ParseResult line) => new()
    {
        Task = GlueTasks.Find(line.GetRequiredValue(Task)),
        Data = line.GetRequiredValue(Data),
        Model = line.GetRequiredValue(Model),
        Method = line.GetRequiredValue(Method),
        Seed = line.GetValue(Seed),
        Batch = line.GetValue(Batch),
        Length = line.GetValue(Length),
        Dropout = line.GetValue(Dropout),
        ElementType = line.GetRequiredValue(ElementType),
        Threads = line.GetValue(Threads),
    };
}
