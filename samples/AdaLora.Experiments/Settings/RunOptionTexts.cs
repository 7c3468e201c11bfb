using System.Globalization;

namespace AdaLora.Experiments.Settings;

/// <summary>Descriptions and problems of options that take more than a line.</summary>
internal static class RunOptionTexts
{
    public static string DescribeMethods(Catalog catalog) =>
        $"What to train besides the layers that are new for the task: {string.Join("; ", catalog.Methods.Select(method => $"{method.Name}: {method.Summary}"))}. [default: {catalog.Methods[0].Name}]";

    public static string DescribeLearningRates(Catalog catalog)
    {
        var own = catalog.Methods.Where(method => !method.SharesTaskLearningRate).Select(method => string.Create(CultureInfo.InvariantCulture, $"{method.LearningRate:0.#######} for {method.Name}"));
        return $"Highest learning rate. [default: {string.Join(", ", own)}; the task's for the others]";
    }

    public static string? FindProblemOfOutput(string folder, RunSettings run)
    {
        if (File.Exists(folder))
            return $"'{folder}' is a file; give a folder";
        return !run.Get(RunOptions.Resume) && run.Get(RunOptions.CheckpointEvery) > 0 && Directory.Exists(run.CheckpointFolder)
            && Directory.EnumerateFiles(run.CheckpointFolder, "checkpoint-*.safetensors").Any()
            ? $"'{run.CheckpointFolder}' holds the checkpoints of an unfinished run; continue it with {RunOptions.Resume}, or delete the folder to start again"
            : null;
    }
}
