using AdaLora.Transformers.Configuration;

namespace AdaLora.Chat;

/// <summary>A request, checked and ready to be answered.</summary>
/// <param name="Prompt">The conversation up to the beginning of the answer, as token ids.</param>
/// <param name="Generation">How the answer is generated.</param>
/// <param name="Adapter">The adapter that answers; null for the model by itself.</param>
/// <param name="ModelId">What answers are said to come from.</param>
/// <param name="ConversationId">The conversation, as the request names it.</param>
internal sealed record ChatRequest(IReadOnlyList<int> Prompt, GenerationOptions Generation, string? Adapter, string? ModelId, string? ConversationId);
