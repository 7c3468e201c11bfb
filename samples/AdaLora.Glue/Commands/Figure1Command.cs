using System.CommandLine;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Commands;

/// <summary>
/// The command that reproduces figure 1 of the AdaLoRA paper: LoRA on one kind of weight matrix in all layers, and on all matrices of some layers, each with the same number of parameters.
/// What differs is where they are, so the picture shows where they matter.
/// </summary>
internal static class Figure1Command
{
    public static Command Create(ICellRunner runner, ModelFolder models)
    {
        var command = new ExampledCommand(
            "figure1",
            "Shows which weight matrices and which layers gain most from LoRA, as in figure 1 of the paper: two bar charts.",
            "AdaLora.Glue figure1 --task mnli --data glue --model microsoft/deberta-v3-base --parameters 280000",
            "AdaLora.Glue figure1 --task cola --data glue --model all-MiniLM-L6-v2 --seeds 1,2,3 --epochs 5 --jobs 2 --threads 1");
        var task = ParsedOption.Create(RunOptions.Task.Name, $"The GLUE task: {GlueTasks.Catalog.TaskNames}.", "NAME", GlueTasks.Find, required: true);
        var parameters = ParsedOption.OptionalNumber<int>("--parameters",
            "Parameters of the adapters in every run, as closely as whole ranks allow. [default: those of rank 16 on one attention projection]");
        command.Add(task);
        command.Add(parameters);
        var comparison = new ComparisonCommand(command, "figure1", GlueTasks.Catalog, runner, RunOptions.Targets, RunOptions.Layers);
        command.SetAction((line, token) =>
        {
            var chosen = line.GetRequiredValue(task);
            var settings = comparison.Bind(line, chosen, TrainingMethods.Lora).Validated();
            var places = LibraryErrors.Explain(() => PlacesOf(settings, models, new PlainReporter(line.InvocationConfiguration.Error), token));
            var budget = line.GetValue(parameters) ?? places.UsualBudget;
            if (budget < 1)
                throw new UserInputException($"--parameters: must be at least 1, but is {budget}.");
            IReadOnlyList<ComparisonCell> cells =
            [
                .. from seed in comparison.Seeds(line)
                   from place in (AdapterPlace[])[.. places.Matrices, .. places.LayerGroups]
                   let rank = place.RankFor(budget)
                   select comparison.Cell(line, $"{chosen.Name}: {place.Group}", $"{place.Name} r{rank}", On(settings, place, rank), seed),
            ];
            return Task.FromResult(comparison.Run(line, $"LoRA with about {Formats.Count(budget)} parameters in different places", cells, token));
        });
        return command;
    }

    private static AdapterPlaces PlacesOf(RunSettings settings, ModelFolder models, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var checkpoint = models.Of(settings.Get(RunOptions.Model), reporter, cancellationToken);
        using var model = settings.Task.Read(Runner.InputsOf(settings, checkpoint, DataSets.None, reporter, cancellationToken)).LoadModel(TorchSharp.torch.CPU);
        return AdapterPlaces.Of(model.Base);
    }

    /// <summary>The run with its adapters at a place. Their scale stays the one that the options give.</summary>
    private static RunSettings On(RunSettings settings, AdapterPlace place, int rank)
    {
        var ratio = (double)rank / settings.Get(RunOptions.TargetRank);
        return settings
            .With(RunOptions.Targets, place.Targets)
            .With(RunOptions.Layers, place.Layers)
            .With(RunOptions.InitialRank, rank)
            .With(RunOptions.TargetRank, rank)
            .With(RunOptions.Alpha, settings.Get(RunOptions.Alpha) * (settings.Get(RunOptions.RankStabilized) ? Math.Sqrt(ratio) : ratio));
    }
}
