using AdaLora.Serialization;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>Where a training stands in its batches and in torch's random numbers.</summary>
internal sealed class DataPosition : IResumable, IDisposable
{
    private Tensor? _passStart;
    private Tensor? _resumed;

    /// <summary>Passes over the batches begun.</summary>
    public int Pass { get; private set; }

    /// <summary>Batches of all passes that were trained on.</summary>
    public long Batches { get; private set; }

    /// <summary>Whether no batch of the pass under way was trained on yet.</summary>
    public bool IsAtStartOfPass => InPass == 0;

    /// <summary>Batches of the pass under way that were trained on; null between two passes.</summary>
    private long? InPass { get; set; }

    /// <summary>Begins a pass, or goes on with the one that a checkpoint was made in.</summary>
    /// <returns>Stands before the next batch.</returns>
    public IEnumerator<TBatch> Open<TBatch>(IEnumerable<TBatch> batches)
    {
        if (_resumed is { } generator)
        {
            _resumed = null;
            return Reopen(batches, generator);
        }

        return Begin(batches);
    }

    /// <summary>A batch was taken from the pass.</summary>
    public void Advance()
    {
        Batches++;
        InPass++;
    }

    /// <summary>The pass is over.</summary>
    public void ClosePass() => InPass = null;

    public void Save(StateTable state)
    {
        state.Put("pass", (long)Pass);
        state.Put("batches", Batches);
        state.Put("in_pass", InPass ?? -1);
        state.Put("generator", get_rng_state());
        if (_passStart is not null)
            state.Put("generator_at_pass", _passStart);
    }

    public void Resume(StateTable state)
    {
        Pass = (int)state.Integer("pass");
        Batches = state.Integer("batches");
        InPass = state.Integer("in_pass") is >= 0 and var inPass ? inPass : null;
        _resumed = state.Tensor("generator").clone().DetachFromDisposeScope();
        _passStart = state.Contains("generator_at_pass") ? state.Tensor("generator_at_pass").clone().DetachFromDisposeScope() : null;
    }

    public void Dispose()
    {
        _passStart?.Dispose();
        _resumed?.Dispose();
    }

    private IEnumerator<TBatch> Begin<TBatch>(IEnumerable<TBatch> batches)
    {
        Pass++;
        InPass = 0;
        _passStart?.Dispose();
        _passStart = get_rng_state().DetachFromDisposeScope();
        return batches.GetEnumerator();
    }

    private IEnumerator<TBatch> Reopen<TBatch>(IEnumerable<TBatch> batches, Tensor generator)
    {
        using var owned = generator;
        var own = batches as IResumableBatches<TBatch>;
        if (own is null)
            RepeatPasses(batches, InPass is null ? Pass : Pass - 1);
        if (InPass is not { } seen)
        {
            set_rng_state(generator);
            return Begin(own?.Resume(Pass + 1, 0) ?? batches);
        }

        set_rng_state(_passStart!);
        var enumerator = own?.Resume(Pass, seen).GetEnumerator() ?? Skip(batches.GetEnumerator(), seen);
        set_rng_state(generator);
        return enumerator;
    }

    // A sequence that counts its passes, or draws from a generator of its own, goes through what it went through before.
    private static void RepeatPasses<TBatch>(IEnumerable<TBatch> batches, int passes)
    {
        for (var pass = 0; pass < passes; pass++)
        {
            using var enumerator = batches.GetEnumerator();
            Skip(enumerator, long.MaxValue);
        }
    }

    private static IEnumerator<TBatch> Skip<TBatch>(IEnumerator<TBatch> enumerator, long count)
    {
        for (var i = 0L; i < count; i++)
        {
            using var scope = NewDisposeScope();
            if (!enumerator.MoveNext())
                break;
        }

        return enumerator;
    }
}
