using AdaLora.Serialization;
using AdaLora.Training.Checkpoints;

namespace AdaLora.Training;

/// <summary>All evaluations of a training, the best of them, and how long ago it was.</summary>
internal sealed class EvaluationLog(bool higherIsBetter, int? patience) : IResumable
{
    private readonly List<Evaluation> _all = [];
    private int _sinceBest;

    public IReadOnlyList<Evaluation> All => _all;

    public Evaluation? Best { get; private set; }

    public Evaluation? Latest => _all.Count > 0 ? _all[^1] : null;

    public bool OutOfPatience => patience is { } limit && _sinceBest >= limit;

    /// <summary>Whether the evaluation is the best so far. A score that is not a number never is.</summary>
    public bool Add(Evaluation evaluation)
    {
        _all.Add(evaluation);
        var better = !double.IsNaN(evaluation.Score)
            && (Best is null || (higherIsBetter ? evaluation.Score > Best.Score : evaluation.Score < Best.Score));
        _sinceBest = better ? 0 : _sinceBest + 1;
        if (better)
            Best = evaluation;
        return better;
    }

    public void Save(StateTable state) => state.Put("all", [.. _all.SelectMany(e => (double[])[e.Step, e.Epoch, e.Score])]);

    public void Resume(StateTable state)
    {
        foreach (var row in state.Numbers("all").Chunk(3))
            Add(new Evaluation((long)row[0], (int)row[1], row[2]));
    }
}
