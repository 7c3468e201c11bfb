using static TorchSharp.torch;

namespace AdaLora.Transformers.Models.DebertaV2;

/// <summary>What every attention layer of one forward pass shares.</summary>
/// <param name="Real">1 at real tokens and 0 at padding, batch x length x 1, or null without padding.</param>
/// <param name="Masked">Whether query or key is padding, batch x 1 x length x length, or null without padding.</param>
/// <param name="Embeddings">The relative embeddings that the batch's distances reach, rows x hidden size, or null without relative attention.</param>
/// <param name="ContentToPosition">For query q and key k the row of <paramref name="Embeddings"/> for q - k, length x length.</param>
/// <param name="PositionToContent">For key k and query q the row for k - q negated, length x length.</param>
internal sealed record AttentionContext(Tensor? Real, Tensor? Masked, Tensor? Embeddings, Tensor? ContentToPosition, Tensor? PositionToContent);
