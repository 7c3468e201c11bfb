using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>What all attention layers share in one forward pass.</summary>
/// <param name="Rows">How tokens are laid out as rows.</param>
/// <param name="Real">1 at real tokens and 0 at padding, one per row, rows x 1, or null where all rows are real.</param>
/// <param name="Masked">Whether query or key is padding, batch x 1 x queries x length, or null without padding.</param>
/// <param name="Embeddings">The relative embeddings that the batch's distances reach, rows x hidden size, or null without relative attention.</param>
/// <param name="ContentToPosition">For query q and key k the row of <paramref name="Embeddings"/> for q - k, queries x length.</param>
/// <param name="PositionToContent">For key k and query q the row for k - q negated, length x queries.</param>
internal sealed record AttentionContext(PackedTokens Rows, Tensor? Real, Tensor? Masked, Tensor? Embeddings, Tensor? ContentToPosition, Tensor? PositionToContent) : ITokenContext
{
    /// <summary>What the last layer shares, whose only queries may be the first tokens.</summary>
    public AttentionContext AtLastLayer()
    {
        var rows = Rows.AtLastLayer();
        return !rows.OnlyFirsts ? this : this with
        {
            Rows = rows,
            Real = Real is null ? null : rows.Kept(Real),
            Masked = Masked?.narrow(2, 0, 1),
            ContentToPosition = ContentToPosition?.narrow(0, 0, 1),
            PositionToContent = PositionToContent?.narrow(1, 0, 1),
        };
    }
}
