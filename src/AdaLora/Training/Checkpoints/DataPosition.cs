using AdaLora.Safetensors;
using AdaLora.Training.Data;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>The position of a training in its batches and in torch's random numbers.</summary>
internal sealed class DataPosition : IResumable, IDisposable
{
    private Tensor? _epochStart;
    private Tensor? _resumed;

    /// <summary>What torch's random numbers are derived from, together with the numbers of epochs and batches; null leaves its generators alone.</summary>
    public long? Key { get; set; }

    /// <summary>Epochs begun.</summary>
    public int Epoch { get; private set; }

    /// <summary>Batches trained on, over all epochs.</summary>
    public long Batches { get; private set; }

    /// <summary>Examples in the batches trained on, over all epochs, as far as the trainer was told.</summary>
    private long Samples { get; set; }

    /// <summary>Whether no batch of the current epoch has been trained on yet.</summary>
    public bool IsAtStartOfEpoch => InEpoch == 0;

    /// <summary>Batches of the current epoch trained on so far; null between two epochs.</summary>
    private long? InEpoch { get; set; }

    /// <summary>Begins an epoch, or continues the one in which a checkpoint was made.</summary>
    /// <returns>An enumerator positioned before the next batch.</returns>
    /// <exception cref="InvalidDataException">The batches are not those the checkpoint was made with.</exception>
    public IEnumerator<TBatch> Open<TBatch>(IEnumerable<TBatch> batches, Func<TBatch, BatchSize>? size)
    {
        if (_resumed is { } generator)
        {
            _resumed = null;
            return Reopen(batches, size, generator);
        }

        return Begin(batches);
    }

    /// <summary>Call before each batch is taken from its epoch.</summary>
    public void BeginBatch()
    {
        // The first one continues from the beginning of its epoch, whose order may be drawn as late as now.
        if (Key is { } key && InEpoch > 0)
            KeyedRandomness.BeginBatch(key, Batches);
    }

    /// <summary>Records that a batch was taken from the epoch.</summary>
    /// <param name="samples">Number of examples in it; 0 if unknown.</param>
    public void Advance(long samples)
    {
        Batches++;
        InEpoch++;
        Samples += samples;
    }

    /// <summary>Records the end of the epoch.</summary>
    public void CloseEpoch() => InEpoch = null;

    public void Save(StateTable state)
    {
        state.Put("pass", (long)Epoch);
        state.Put("batches", Batches);
        state.Put("samples", Samples);
        state.Put("in_pass", InEpoch ?? -1);
        state.Put("generator", get_rng_state());
        if (Key is { } key)
            state.Put("key", key);
        if (_epochStart is not null)
            state.Put("generator_at_pass", _epochStart);
    }

    public void Resume(StateTable state)
    {
        Epoch = (int)state.Integer("pass");
        Batches = state.Integer("batches");
        Samples = state.Integer("samples");
        InEpoch = state.Integer("in_pass") is >= 0 and var inEpoch ? inEpoch : null;
        Key = state.Contains("key") ? state.Integer("key") : null;
        _resumed = state.Tensor("generator").clone().DetachFromDisposeScope();
        _epochStart = state.Contains("generator_at_pass") ? state.Tensor("generator_at_pass").clone().DetachFromDisposeScope() : null;
    }

    public void Dispose()
    {
        _epochStart?.Dispose();
        _resumed?.Dispose();
    }

    private IEnumerator<TBatch> Begin<TBatch>(IEnumerable<TBatch> batches)
    {
        Epoch++;
        InEpoch = 0;
        if (Key is { } key)
            KeyedRandomness.BeginEpoch(key, Epoch);
        _epochStart?.Dispose();
        _epochStart = get_rng_state().DetachFromDisposeScope();
        return batches.GetEnumerator();
    }

    private IEnumerator<TBatch> Reopen<TBatch>(IEnumerable<TBatch> batches, Func<TBatch, BatchSize>? size, Tensor generator)
    {
        using var owned = generator;
        var seen = InEpoch ?? 0;
        if (batches is IResumableBatches<TBatch> own)
        {
            if (InEpoch is null)
            {
                set_rng_state(generator);
                return Begin(own.Resume(Epoch + 1, 0));
            }

            set_rng_state(_epochStart!);
            var rest = own.Resume(Epoch, seen).GetEnumerator();
            set_rng_state(generator);
            return rest;
        }

        // A sequence that counts its epochs, or draws from its own generator, repeats what it did before.
        var repeated = new Repetition<TBatch>(size);
        for (var epoch = 0; epoch < (InEpoch is null ? Epoch : Epoch - 1); epoch++)
        {
            using var enumerator = batches.GetEnumerator();
            repeated.Skip(enumerator, long.MaxValue);
        }

        Require(repeated.Batches, Batches - seen, "batches in the completed epochs");
        if (InEpoch is null)
        {
            RequireSamples(repeated.Samples);
            set_rng_state(generator);
            return Begin(batches);
        }

        set_rng_state(_epochStart!);
        var underWay = batches.GetEnumerator();
        repeated.Skip(underWay, seen);
        set_rng_state(generator);
        Require(repeated.Batches, Batches, "or more batches up to the checkpoint");
        RequireSamples(repeated.Samples);
        return underWay;
    }

    private void RequireSamples(long repeated)
    {
        if (repeated > 0 && Samples > 0)
            Require(repeated, Samples, "examples in the batches up to the checkpoint");
    }

    private static void Require(long found, long expected, string what)
    {
        if (found != expected)
            throw new InvalidDataException($"The batches are not those of the training run being resumed: there were {expected} {what}, now there are {found}. Use the same batches, of the same size, or start again in another folder.");
    }

    /// <summary>Goes again through batches that were already trained on.</summary>
    private sealed class Repetition<TBatch>(Func<TBatch, BatchSize>? size)
    {
        public long Batches { get; private set; }

        public long Samples { get; private set; }

        public void Skip(IEnumerator<TBatch> enumerator, long count)
        {
            for (var i = 0L; i < count; i++)
            {
                using var scope = NewDisposeScope();
                if (!enumerator.MoveNext())
                    return;
                Batches++;
                Samples += size?.Invoke(enumerator.Current).Samples ?? 0;
            }
        }
    }
}
