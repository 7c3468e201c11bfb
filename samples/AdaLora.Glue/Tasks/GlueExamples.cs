using System.Text.Json.Nodes;

namespace AdaLora.Glue.Tasks;

/// <summary>A task with where its examples come from.</summary>
/// <param name="Task">What is predicted.</param>
/// <param name="Read">Reads a part of a split.</param>
internal sealed record GlueExamples(GlueTask Task, Func<GlueSplit, GluePart, IReadOnlyList<GlueExample>> Read)
{
    /// <summary>What must be known of the training set to load the model later; null if nothing must.</summary>
    public JsonObject? Found { get; init; }

    /// <summary>Whether there is a dev set to evaluate on.</summary>
    public bool HasDev { get; init; } = true;
}
