using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <content>What can be trained in front of texts while the model itself stays unchanged.</content>
public abstract partial class TextEncoder
{
    private const string PromptName = "prompt";

    private SoftPrompt? _prompt;

    /// <summary>
    /// Prompt tuning (Lester et al., 2021): puts trained vectors after the first token of every text. They start as the embeddings of random tokens. What the encoder
    /// returns does not contain them, and they need no positions.
    /// </summary>
    /// <param name="length">The number of vectors, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is below 1, or more than the model has positions.</exception>
    /// <exception cref="InvalidOperationException">The model already has a prompt.</exception>
    public void AddPrompt(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength ?? int.MaxValue);
        if (_prompt is not null)
            throw new InvalidOperationException($"The model has a prompt; remove it with {nameof(RemovePrompt)} first.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wasTraining = training;
        eval();
        var ids = rand(1, length).Mul(Config.VocabularySize).to(ScalarType.Int64).to(this.parameters().First().device);
        _prompt = new SoftPrompt(Embed(ids, null, null).squeeze(0));
        train(wasTraining);
        register_module(PromptName, _prompt);
    }

    /// <summary>Removes and frees the prompt, if there is one.</summary>
    public void RemovePrompt()
    {
        register_module(PromptName, null!);
        _prompt?.Dispose();
        _prompt = null;
    }

    /// <summary>
    /// Prefix tuning (Li and Liang, 2021): every layer's tokens attend to trained keys and values in addition to those of the text.
    /// </summary>
    /// <param name="length">The number of keys and values in every layer, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is below 1.</exception>
    /// <exception cref="InvalidOperationException">The model already has prefixes.</exception>
    public void AddPrefixes(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (Prefixable.Any(attention => attention.Prefix is not null))
            throw new InvalidOperationException($"The model has prefixes; remove them with {nameof(RemovePrefixes)} first.");
        var weight = this.parameters().First();
        foreach (var attention in Prefixable)
            attention.Prefix = new AttentionPrefix(length, Config.HiddenSize, weight.dtype, weight.device);
    }

    /// <summary>Removes and frees the prefixes, if there are any.</summary>
    public void RemovePrefixes()
    {
        foreach (var attention in Prefixable)
        {
            attention.Prefix?.Dispose();
            attention.Prefix = null;
        }
    }

    private IReadOnlyList<IPrefixable> Prefixable => [.. modules().OfType<IPrefixable>()];
}
