using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;

namespace AdaLora.Training;

/// <summary>All evaluations of a training, the best of them, and how long ago that was.</summary>
internal sealed class EvaluationLog(bool higherIsBetter, int? patience) : IResumable
{
    private readonly List<Evaluation> _all = [];
    private readonly List<bool> _counts = [];
    private int _sinceBest;

    public IReadOnlyList<Evaluation> All => _all;

    public Evaluation? Best { get; private set; }

    public Evaluation? Latest => _all.Count > 0 ? _all[^1] : null;

    public bool OutOfPatience => patience is { } limit && _sinceBest >= limit;

    /// <summary>Whether the evaluation is the best so far. A NaN score never is.</summary>
    /// <param name="evaluation">The evaluation.</param>
    /// <param name="counts">Whether it is eligible as the best, and counts towards those without improvement.</param>
    public bool Add(Evaluation evaluation, bool counts)
    {
        _all.Add(evaluation);
        _counts.Add(counts);
        if (!counts)
            return false;
        var better = !double.IsNaN(evaluation.Score)
            && (Best is null || (higherIsBetter ? evaluation.Score > Best.Score : evaluation.Score < Best.Score));
        _sinceBest = better ? 0 : _sinceBest + 1;
        if (better)
            Best = evaluation;
        return better;
    }

    public void Save(StateTable state) => state.Put("all", [.. _all.Zip(_counts).SelectMany(e => (double[])[e.First.Step, e.First.Epoch, e.First.Score, e.Second ? 1 : 0])]);

    public void Resume(StateTable state)
    {
        foreach (var row in state.Numbers("all").Chunk(4))
            Add(new Evaluation((long)row[0], (int)row[1], row[2]), counts: row[3] != 0);
    }
}
