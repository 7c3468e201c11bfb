using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Texts padded to one length. Holds plain arrays in row-major order (row i begins at index i x <see cref="Length"/>), so that batches can be prepared on
/// any thread; tensors are made where and when they are needed.
/// </summary>
public sealed class TokenBatch
{
    private readonly long[] _ids;
    private readonly long[] _attentionMask;
    private readonly long[] _typeIds;

    internal TokenBatch(IReadOnlyList<TokenizedText> texts, int length, int padId, bool fillsStart)
    {
        BatchSize = texts.Count;
        Length = length;
        _ids = new long[BatchSize * length];
        _attentionMask = new long[_ids.Length];
        _typeIds = new long[_ids.Length];
        Array.Fill(_ids, padId);
        for (var row = 0; row < texts.Count; row++)
        {
            var ids = texts[row].IdSpan;
            var types = texts[row].TypeIdSpan;
            var start = row * length + (fillsStart ? length - ids.Length : 0);
            for (var i = 0; i < ids.Length; i++)
            {
                _ids[start + i] = ids[i];
                _typeIds[start + i] = types[i];
            }
            _attentionMask.AsSpan(start, ids.Length).Fill(1);
        }
    }

    /// <summary>The number of texts.</summary>
    public int BatchSize { get; }

    /// <summary>The padded length in tokens.</summary>
    public int Length { get; }

    /// <summary>The token ids, batch x length, row by row.</summary>
    public IReadOnlyList<long> Ids => _ids;

    /// <summary>1 for real tokens and 0 for padding, batch x length, row by row.</summary>
    public IReadOnlyList<long> AttentionMask => _attentionMask;

    /// <summary>The type ids, batch x length, row by row; 0 at padding.</summary>
    public IReadOnlyList<long> TypeIds => _typeIds;

    /// <summary>Creates the three int64 tensors (batch x length) that a model takes. They belong to the caller's dispose scope, or to the caller if there is none.</summary>
    /// <param name="device">Where to put them; the CPU if null.</param>
    /// <returns>The tensors.</returns>
    public (Tensor InputIds, Tensor AttentionMask, Tensor TokenTypeIds) ToTensors(Device? device = null) =>
        device?.type == TorchSharp.DeviceType.CUDA ? ToCard(device) : (ToTensor(_ids, device), ToTensor(_attentionMask, device), ToTensor(_typeIds, device));

    /// <summary>
    /// Creates the three int64 tensors (batch x length) for a model, on its device, after checking that the model has all of the ids and types: later that would mean waiting for the device,
    /// and on CUDA an id that is out of range leaves the device unusable.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <returns>The tensors.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="model"/> is null.</exception>
    /// <exception cref="ArgumentException">The model has no such id or type; the message gives both numbers.</exception>
    public (Tensor InputIds, Tensor AttentionMask, Tensor TokenTypeIds) ToTensorsFor(PretrainedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.CheckRange(_ids, _typeIds, nameof(model));
        return ToTensors(model.parameters().First().device);
    }

    private Tensor ToTensor(long[] values, Device? device) => PinnedCopy.To(tensor(values, [BatchSize, Length], int64, device: CPU), device ?? CPU);

    // All three in one copy from pinned memory, for which nobody waits. The mask stays known to the host, which plans by it where padding need not be computed.
    private (Tensor InputIds, Tensor AttentionMask, Tensor TokenTypeIds) ToCard(Device card)
    {
        using var scope = NewDisposeScope();
        var moved = PinnedCopy.To(tensor((long[])[.. _ids, .. _attentionMask, .. _typeIds], [3, BatchSize, Length], int64, device: CPU), card);
        var mask = moved.select(0, 1).MoveToOuterDisposeScope();
        KnownMask.Note(mask, _attentionMask);
        return (moved.select(0, 0).MoveToOuterDisposeScope(), mask, moved.select(0, 2).MoveToOuterDisposeScope());
    }
}
