using AdaLora.Transformers.Configuration;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>A decoder without a head: token ids in, one hidden state per token out, each of which depends on the tokens up to its own.</summary>
public abstract class TextDecoder : DecoderModel
{
    private protected TextDecoder(string name, DecoderConfig config)
        : base(name, config)
    {
    }

    internal sealed override bool HasHead => false;

    /// <summary>The matrix of word embeddings, which a head may share.</summary>
    internal abstract Tensor WordWeight { get; }

    /// <summary>The layers, one after another.</summary>
    private protected abstract ModuleList<Module<Tensor, DecoderPass, Tensor>> Blocks { get; }

    /// <summary>
    /// Whether a layer keeps only its input for the backward pass and computes the rest again there: the memory of one layer instead of all of them, for one more forward pass. Outputs and
    /// gradients are the same. The default is false.
    /// </summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>The greatest length of a text in tokens, or null if there is none.</summary>
    internal virtual int? MaxLength => Config.MaxPositions;

    /// <summary>The number of tokens up to which cached keys were made with other angles than beyond, so that all of them must be computed again there; null if there is none.</summary>
    internal virtual long? AnglesChangeAfter => null;

    /// <summary>What goes into the first layer, batch x length x hidden size.</summary>
    private protected abstract Tensor Embed(Tensor inputIds, Tensor positions);

    /// <summary>The norm after the last layer.</summary>
    private protected abstract Tensor Normalize(Tensor states);

    /// <summary>Decodes a batch.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">0 for padding, on either side, and for real tokens the number of their text within the row, from 1: texts that share a row do not see each other. Batch x
    /// length; null if there is no padding and one text in a row.</param>
    /// <param name="positionIds">The position of each token, int64, batch x length; null to count the tokens of each text from 0.</param>
    /// <returns>The last hidden states, batch x length x hidden size. Those of padding mean nothing.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or position is beyond the model's tables.</exception>
    public sealed override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? positionIds) => Decode(inputIds, attentionMask, positionIds, null, null);

    /// <summary>Decodes a batch and gives the states after every layer.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">As for <see cref="forward"/>.</param>
    /// <param name="positionIds">As for <see cref="forward"/>.</param>
    /// <returns>The output of the embeddings and of every layer, each batch x length x hidden size; the last one after the final norm.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or position is beyond the model's tables.</exception>
    public IReadOnlyList<Tensor> HiddenStates(Tensor inputIds, Tensor? attentionMask = null, Tensor? positionIds = null)
    {
        var states = new List<Tensor>(Config.Layers + 1);
        Decode(inputIds, attentionMask, positionIds, null, states).Dispose();
        states.ForEach(state => CurrentDisposeScope?.Attach(state));
        return states;
    }

    /// <summary>Decodes tokens that continue those of a cache, and adds them to it.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x (cached + length); null if there is no padding.</param>
    /// <param name="positionIds">The position of each token, int64, batch x length; null to count the real tokens of each row from 0.</param>
    /// <param name="cache">The keys and values of the preceding tokens, or null.</param>
    /// <param name="trace">Receives what goes into the first layer and what comes out of each, as tensors that belong to no scope; null if not needed.</param>
    internal Tensor Decode(Tensor inputIds, Tensor? attentionMask, Tensor? positionIds, KeyValueCache? cache, List<Tensor>? trace)
    {
        CheckInputs(inputIds, attentionMask, positionIds, cache?.Length ?? 0);
        using var scope = NewDisposeScope();
        // Libtorch's CPU kernels do not support dropout; see MultiHeadAttention.
        var pass = new DecoderPass(inputIds, attentionMask, positionIds, cache, WordWeight.dtype, needsMask: training && Config.AttentionDropout > 0);
        var isKept = false;
        try
        {
            Action<Tensor>? note = trace is null ? null : states => trace.Add(states.alias().DetachFromDisposeScope());
            var last = Normalize(LayerSequence.Run(Blocks, Embed(inputIds, pass.Positions), _ => pass, note, GradientCheckpointing && is_grad_enabled() ? Recompute : null));
            note?.Invoke(last);
            cache?.Advance(inputIds.shape[1]);
            return last.MoveToOuterDisposeScope();
        }
        finally
        {
            if (!isKept)
                pass.Dispose();
        }

        // The backward pass ends with the first of these layers, and with it all of them need the pass no longer.
        Tensor Recompute(Module<Tensor, DecoderPass, Tensor> block, Tensor states, DecoderPass context)
        {
            var next = Recomputed.Apply(states, input => block.call(input, context), training, isKept ? null : context.Dispose);
            isKept |= next.requires_grad;
            return next;
        }
    }

    private void CheckInputs(Tensor inputIds, Tensor? attentionMask, Tensor? positionIds, long past)
    {
        ArgumentNullException.ThrowIfNull(inputIds);
        var shape = inputIds.shape;
        if (shape.Length != 2)
            throw new ArgumentException($"Token ids must be batch x length; the shape is [{string.Join(", ", shape)}].", nameof(inputIds));
        if (past + shape[1] > MaxLength)
            throw new ArgumentException($"The texts have {past + shape[1]} tokens, but the model has only {MaxLength} positions; truncate the texts when they are tokenized.", nameof(inputIds));
        CheckShape(attentionMask, [shape[0], past + shape[1]], nameof(attentionMask));
        CheckShape(positionIds, shape, nameof(positionIds));
        RequireKnown(inputIds, nameof(inputIds));
        HostIds.RequireBelow(positionIds, MaxLength ?? long.MaxValue, "position", "positions", nameof(positionIds));
    }

    private static void CheckShape(Tensor? tensor, ReadOnlySpan<long> shape, string name)
    {
        if (tensor is not null && !tensor.shape.AsSpan().SequenceEqual(shape))
            throw new ArgumentException($"The shape is [{string.Join(", ", tensor.shape)}]; it must be [{string.Join(", ", shape.ToArray())}].", name);
    }
}
