using System.Runtime.CompilerServices;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.AI;

namespace AdaLora.Chat;

/// <summary>
/// A language model with its tokenizer, its chat template and any number of adapters as an <see cref="IChatClient"/>. <see cref="ChatOptions.ModelId"/> names the adapter that answers a request;
/// without one, the model answers by itself.
/// </summary>
/// <remarks>
/// Safe for any number of requests at the same time. The model is in memory once, and a single thread computes: requests are answered one after another, in the order in which they were made, each
/// with its own adapter. One that is cancelled while it waits costs nothing. While requests are being answered, nothing else may use the model or its adapters.
/// </remarks>
public sealed class AdaLoraChatClient : IChatClient
{
    private readonly ChatRequestReader _reader;
    private readonly Answerer _answerer;
    private readonly RequestQueue _queue = new();
    private readonly ChatClientMetadata _metadata;
    private readonly CausalLM _model;
    private readonly AdapterSet? _adapters;

    /// <summary>Creates a client.</summary>
    /// <param name="model">The model; the client puts it into evaluation mode, and does not own it.</param>
    /// <param name="tokenizer">The tokenizer of the model's checkpoint.</param>
    /// <param name="template">The chat template of the model's checkpoint.</param>
    /// <param name="adapters">The adapters of the model, which the client does not own; null if it has none.</param>
    /// <param name="modelId">What the model is called in answers; null for no name.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">The adapters are those of another model.</exception>
    public AdaLoraChatClient(CausalLM model, TextTokenizer tokenizer, ChatTemplate template, AdapterSet? adapters = null, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(template);
        if (adapters is not null && !ReferenceEquals(adapters.Model, model))
            throw new ArgumentException("The adapters are those of another model.", nameof(adapters));
        (_model, _adapters) = (model, adapters);
        _reader = new ChatRequestReader(model, tokenizer, template, adapters, modelId);
        _answerer = new Answerer(model, tokenizer, adapters);
        _metadata = new ChatClientMetadata("AdaLora", null, modelId);
    }

    /// <summary>Creates a client with the tokenizer and the template of a checkpoint.</summary>
    /// <param name="model">The model of the checkpoint; the client puts it into evaluation mode, and does not own it.</param>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="adapters">The adapters of the model, which the client does not own; null if it has none.</param>
    /// <returns>The client. In answers, the model has the name of the folder.</returns>
    /// <exception cref="ArgumentException">An argument is null or empty, the adapters are those of another model, or the checkpoint has no chat template.</exception>
    /// <exception cref="Transformers.Configuration.CheckpointException">The folder can't be used.</exception>
    /// <exception cref="ChatTemplateException">The template can't be read.</exception>
    public static AdaLoraChatClient FromFolder(CausalLM model, string folder, AdapterSet? adapters = null)
    {
        var template = ChatTemplate.FromFolder(folder) ?? throw new ArgumentException($"The checkpoint '{folder}' has no chat template; give the client one.", nameof(folder));
        return new AdaLoraChatClient(model, TextTokenizer.FromFolder(folder), template, adapters, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="messages">The messages so far.</param>
    /// <param name="options">How to answer; what can't be followed is refused.</param>
    /// <param name="cancellationToken">Ends the answer after the current token.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentException">There is no message, an option is out of range, or <see cref="ChatOptions.ModelId"/> names no adapter.</exception>
    /// <exception cref="NotSupportedException">A message has something other than text, or an option that the model can't follow is set.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or can't handle it.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
            updates.Add(update);
        return updates.ToChatResponse();
    }

    /// <summary>Answers a conversation piece by piece, as the answer is generated.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    /// <returns>The pieces of text, and at last why the answer ended and how many tokens there were.</returns>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Stream(_reader.Read([.. messages], options), cancellationToken);
    }

    /// <summary>The metadata of the client, its model, its adapters, or the client itself.</summary>
    /// <param name="serviceType">What is asked for.</param>
    /// <param name="serviceKey">Null: nothing has a key here.</param>
    /// <returns>It, or null if there is no such thing.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="serviceType"/> is null.</exception>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(CausalLM) ? _model
            : serviceType == typeof(AdapterSet) ? _adapters
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Ends the requests that are waiting, and that which is being answered after its current token. Model and adapters are not disposed.</summary>
    public void Dispose() => _queue.Dispose();

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Whoever stops reading has ended the request.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await foreach (var update in _queue.Run((write, stop) => _answerer.Answer(request, write, stop), reading.Token).ConfigureAwait(false))
                yield return update;
        }
        finally
        {
            await reading.CancelAsync().ConfigureAwait(false);
        }
    }
}
