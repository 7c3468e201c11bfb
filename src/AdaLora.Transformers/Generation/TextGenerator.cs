using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Heads;

namespace AdaLora.Transformers.Generation;

/// <summary>
/// Continues texts with a language model, or writes what a model with an encoder makes of them, as transformers' generate() does: the likeliest tokens, drawn ones, or by beam search. Keys and values
/// are kept in memory that is allocated once; texts that have ended leave the batch. The model may have adapters, merged or not. Not thread-safe.
/// </summary>
public sealed class TextGenerator
{
    private readonly TextWriter _writer;
    private readonly Func<IReadOnlyList<int>, string>? _decode;

    /// <summary>Creates a generator that continues texts.</summary>
    /// <param name="model">The model, which must be in evaluation mode when text is generated.</param>
    /// <param name="options">How text is generated; null for what the model's checkpoint says, <see cref="CausalLM.Generation"/>.</param>
    /// <param name="decode">Token ids to text; needed for stop texts only.</param>
    /// <exception cref="ArgumentNullException"><paramref name="model"/> is null.</exception>
    /// <exception cref="ArgumentException">Options are not valid; all that are not are listed.</exception>
    public TextGenerator(CausalLM model, GenerationOptions? options = null, Func<IReadOnlyList<int>, string>? decode = null)
        : this(TextWriter.Of(model ?? throw new ArgumentNullException(nameof(model))), options, decode)
    {
    }

    /// <summary>Creates a generator that reads texts, each once, and writes others.</summary>
    /// <param name="model">The model, which must be in evaluation mode when text is generated.</param>
    /// <param name="options">How text is generated; null for what the model's checkpoint says, <see cref="Seq2SeqLM.Generation"/>. Lengths count the token that the decoder's texts begin with.</param>
    /// <param name="decode">Token ids to text; needed for stop texts only.</param>
    /// <exception cref="ArgumentNullException"><paramref name="model"/> is null.</exception>
    /// <exception cref="ArgumentException">Options are not valid; all that are not are listed.</exception>
    public TextGenerator(Seq2SeqLM model, GenerationOptions? options = null, Func<IReadOnlyList<int>, string>? decode = null)
        : this(TextWriter.Of(model ?? throw new ArgumentNullException(nameof(model))), options, decode)
    {
    }

    private TextGenerator(TextWriter writer, GenerationOptions? options, Func<IReadOnlyList<int>, string>? decode)
    {
        Options = options ?? writer.Options;
        Options.Validate();
        _ = new StopTexts(Options.StopTexts, decode);
        (_writer, _decode) = (writer, decode);
    }

    /// <summary>How text is generated.</summary>
    public GenerationOptions Options { get; }

    /// <summary>Continues every prompt of a batch to its end.</summary>
    /// <param name="prompts">Token ids of each prompt, at least one; of any lengths: shorter ones are padded on the left.</param>
    /// <param name="cancellation">Ends generation after the current token.</param>
    /// <returns>For each prompt as many texts as the options ask for, the best first with beams.</returns>
    /// <exception cref="ArgumentException">There is no prompt, one is null, empty, too long for the model, or has an unknown id.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException">Generation was cancelled.</exception>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<IReadOnlyList<int>> prompts, CancellationToken cancellation = default)
    {
        var run = Start(prompts, cancellation);
        if (Options.Beams > 1)
            return BeamSearch.Run(run);
        var texts = Enumerable.Range(0, prompts.Count).SelectMany(prompt => Enumerable.Range(0, Options.Returned).Select(sample => (prompt, sample)))
            .ToDictionary(text => text, _ => (Ids: new List<int>(), Ending: Ending.MaxLength));
        foreach (var token in TokenSearch.Run(run))
        {
            var text = texts[(token.Prompt, token.Sample)];
            text.Ids.Add(token.Id);
            texts[(token.Prompt, token.Sample)] = (text.Ids, token.Ending ?? text.Ending);
        }

        return [.. texts.OrderBy(text => text.Key).Select(text => new GeneratedText(text.Key.prompt, text.Value.Ids, text.Value.Ending, null))];
    }

    /// <summary>Continues every prompt of a batch and gives the tokens one by one, as soon as each is known: one token of every text that has not ended, then the next ones.</summary>
    /// <param name="prompts">Token ids of each prompt, at least one; of any lengths: shorter ones are padded on the left.</param>
    /// <param name="cancellation">Ends generation after the current token.</param>
    /// <returns>The tokens; enumerating them does the work, on the thread that does so. One may stop at any token.</returns>
    /// <exception cref="ArgumentException">There is no prompt, one is null, empty, too long for the model, or has an unknown id.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode, or the options ask for beams, whose tokens are not known before the end.</exception>
    /// <exception cref="OperationCanceledException">Generation was cancelled.</exception>
    public IEnumerable<GeneratedToken> Stream(IReadOnlyList<IReadOnlyList<int>> prompts, CancellationToken cancellation = default)
    {
        var run = Start(prompts, cancellation);
        return Options.Beams == 1 ? TokenSearch.Run(run) : throw new InvalidOperationException("The tokens of a beam search are not known before its end; use Generate.");
    }

    private GenerationRun Start(IReadOnlyList<IReadOnlyList<int>> prompts, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt.", nameof(prompts));
        if (prompts.Any(prompt => prompt is null or { Count: 0 }))
            throw new ArgumentException("A prompt is null or has no tokens; begin with the token that texts begin with.", nameof(prompts));
        var begun = prompts.Select(prompt => _writer.Begin(prompt, Options)).ToList();
        foreach (var text in prompts.Concat(begun))
            Layers.HostIds.Require<int>([.. text], _writer.Words, "token id", "token ids", nameof(prompts));
        if (_writer.Model.training)
            throw new InvalidOperationException("The model is in training mode, in which dropout would change what it says; call eval() first.");
        var longest = prompts.Max(prompt => prompt.Count);
        if (longest > _writer.MaxLength)
            throw new ArgumentException($"The longest text has {longest} tokens, but the model has only {_writer.MaxLength} positions; truncate the texts when they are tokenized.", nameof(prompts));
        return new GenerationRun(() => _writer.Open(prompts), Options, begun, MaxNew(begun.Max(text => text.Count)), new StopTexts(Options.StopTexts, _decode), cancellation);
    }

    private int MaxNew(int longest)
    {
        var wanted = Options.MaxNewTokens ?? (Options.MaxLength is { } length ? length - longest : GenerationOptions.DefaultNewTokens);
        var room = Math.Min(wanted, (_writer.MaxLength ?? int.MaxValue) - longest);
        var limit = wanted > 0 ? $"the model has {_writer.MaxLength} positions" : $"the greatest length is {Options.MaxLength}";
        return room > 0 ? room : throw new ArgumentException($"The longest prompt has {longest} tokens, which leaves no room for new ones: {limit}.", "prompts");
    }
}
