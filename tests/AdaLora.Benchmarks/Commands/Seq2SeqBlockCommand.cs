using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

/// <summary>One block of our work on a model of an encoder and a decoder, for the process that compares programs: prints what the script around the peer prints.</summary>
internal static class Seq2SeqBlockCommand
{
    public const string Name = "seq2seq-block";

    private static readonly Option<string> Shape = new("--shape") { Required = true };
    private static readonly Option<string> Kind = new("--work") { Required = true };
    private static readonly Option<int> Batch = new("--batch") { Required = true };
    private static readonly Option<int> Source = new("--source") { Required = true };
    private static readonly Option<int> Target = new("--target") { Required = true };
    private static readonly Option<int> Beams = new("--beams") { Required = true };
    private static readonly Option<double> Dropout = ParsedOption.Number("--dropout", "", 0.0);
    private static readonly Option<double> AdapterDropout = ParsedOption.Number("--adapter-dropout", "", 0.0);
    private static readonly Option<int> Steps = new("--steps") { Required = true };
    private static readonly Option<int> Uncounted = new("--uncounted") { Required = true };
    private static readonly Option<int> Threads = new("--threads") { Required = true };

    public static Command Create()
    {
        var command = new Command(Name) { Shape, Kind, Batch, Source, Target, Beams, Dropout, AdapterDropout, Steps, Uncounted, Threads };
        command.Hidden = true;
        command.SetAction(line => BenchmarkCommand.Guarded(() =>
        {
            var work = new Seq2SeqWork
            {
                Shape = line.GetRequiredValue(Shape),
                Kind = line.GetRequiredValue(Kind),
                Batch = line.GetValue(Batch),
                Source = line.GetValue(Source),
                Target = line.GetValue(Target),
                Beams = line.GetValue(Beams),
                Dropout = line.GetValue(Dropout),
                AdapterDropout = line.GetValue(AdapterDropout),
                Steps = line.GetValue(Steps),
                Uncounted = line.GetValue(Uncounted),
                Threads = line.GetValue(Threads),
            };
            var milliseconds = Seq2SeqBlock.Run(work);
            Console.WriteLine(TrainingReport.OfThisProcess(milliseconds, work.Uncounted));
        }));
        return command;
    }
}
