using static TorchSharp.torch;

namespace AdaLora.Glue.Demo.Pretraining;

/// <summary>Sentences as token ids of one length, some of them hidden, and what was hidden.</summary>
internal sealed record MaskedBatch(long[] Inputs, long[] Mask, long[] Labels, int Rows)
{
    public Tensor Tensor(long[] values) => tensor(values).view(Rows, values.Length / Rows);
}
