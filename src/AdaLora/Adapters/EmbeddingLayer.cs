using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A table of embeddings as the linear map from a word's number, written as a one among zeros, to its row: P has a row for each entry of an embedding, Q a column for each word. This is the layout of
/// PEFT's LoRA for embeddings.
/// </summary>
internal sealed class EmbeddingLayer(Embedding embedding) : AdaptableLayer(embedding)
{
    public override Tensor Stored => embedding.weight!;

    public override Tensor? Bias => null;

    public override long OutFeatures => Stored.size(1);

    public override long InFeatures => Stored.size(0);

    public override bool IsTable => true;

    public static AdaptableLayer? Of(nn.Module module) => module is Embedding embedding ? new EmbeddingLayer(embedding) : null;

    // Its inputs are numbers of words.
    public override bool IsCalled => false;

    public override string? FindFault() => Stored.is_floating_point() ? null : $"its weight is of type {Stored.dtype}, which is not floating point";

    public override Tensor InLayout(Tensor matrix) => matrix.t();

    public override Tensor AsMatrix(Tensor weight) => weight.t();

    public override SvdAdapter Adapt(AdapterParts parts) => new SvdEmbedding(this, parts);
}
