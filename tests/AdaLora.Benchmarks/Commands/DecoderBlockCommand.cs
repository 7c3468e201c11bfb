using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

/// <summary>One block of our work on a decoder, for the process that compares programs: prints what the script around the peer prints.</summary>
internal static class DecoderBlockCommand
{
    public const string Name = "decoder-block";

    private static readonly Option<string> Model = new("--model") { Required = true };
    private static readonly Option<string> Kind = new("--work") { Required = true };
    private static readonly Option<string> ElementType = new("--dtype") { Required = true };
    private static readonly Option<int> Batch = new("--batch") { Required = true };
    private static readonly Option<int> Length = new("--length") { Required = true };
    private static readonly Option<int> NewTokens = new("--new-tokens") { Required = true };
    private static readonly Option<double> Dropout = ParsedOption.Number("--dropout", "", 0.0);
    private static readonly Option<int> Steps = new("--steps") { Required = true };
    private static readonly Option<int> Uncounted = new("--uncounted") { Required = true };
    private static readonly Option<int> Threads = new("--threads") { Required = true };

    public static Command Create()
    {
        var command = new Command(Name) { Model, Kind, ElementType, Batch, Length, NewTokens, Dropout, Steps, Uncounted, Threads };
        command.Hidden = true;
        command.SetAction(line => BenchmarkCommand.Guarded(() =>
        {
            var work = new DecoderWork
            {
                Model = line.GetRequiredValue(Model),
                Kind = line.GetRequiredValue(Kind),
                ElementType = line.GetRequiredValue(ElementType),
                Batch = line.GetValue(Batch),
                Length = line.GetValue(Length),
                NewTokens = line.GetValue(NewTokens),
                Dropout = line.GetValue(Dropout),
                Steps = line.GetValue(Steps),
                Uncounted = line.GetValue(Uncounted),
                Threads = line.GetValue(Threads),
            };
            var milliseconds = DecoderBlock.Run(work);
            Console.WriteLine(TrainingReport.OfThisProcess(milliseconds, work.Uncounted));
        }));
        return command;
    }
}
