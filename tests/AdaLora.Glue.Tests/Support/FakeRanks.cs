using AdaLora.Experiments.Reports;

namespace AdaLora.Glue.Tests;

/// <summary>Final ranks as a run would leave them.</summary>
internal static class FakeRanks
{
    private static readonly string[] BertMatrices =
        ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"];

    /// <summary>A BERT-like stack; deeper layers and the feed-forward matrices keep more.</summary>
    public static IReadOnlyList<ModuleRank> Bert(int layers, int initial) =>
    [
        .. from layer in Enumerable.Range(0, layers)
           from matrix in Enumerable.Range(0, BertMatrices.Length)
           let kept = (layer + 1.0) / layers * (matrix + 3) / (BertMatrices.Length + 1)
           select new ModuleRank($"bert.encoder.layer.{layer}.{BertMatrices[matrix]}", initial, Math.Min(initial, (int)(kept * initial * 1.1))),
    ];
}
