using AdaLora.Transformers.Loading;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Trained vectors among the embeddings of every text (Lester et al., 2021), after the first token, whose place the heads read.</summary>
internal sealed class SoftPrompt : Module, IUnsavedPart
{
    [ComponentName(Name = "embeddings")]
    private readonly Parameter _embeddings;

    /// <param name="start">The initial vectors, length x hidden size.</param>
    public SoftPrompt(Tensor start)
        : base(nameof(SoftPrompt))
    {
        using (NewDisposeScope())
        {
            _embeddings = new Parameter(start.detach().clone());
            _embeddings.DetachFromDisposeScope();
        }

        RegisterComponents();
    }

    /// <inheritdoc/>
    public string Remover => nameof(TextEncoder.RemovePrompt);

    private long Length => _embeddings.shape[0];

    /// <param name="embedded">Batch x length x hidden size.</param>
    public Tensor AfterFirstToken(Tensor embedded)
    {
        using var scope = NewDisposeScope();
        return Insert(embedded, _embeddings.unsqueeze(0).expand(embedded.shape[0], -1, -1)).MoveToOuterDisposeScope();
    }

    /// <param name="attentionMask">Batch x length.</param>
    public Tensor AfterFirstMark(Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        return Insert(attentionMask, attentionMask.new_ones(attentionMask.shape[0], Length)).MoveToOuterDisposeScope();
    }

    /// <summary>States without those of the prompt.</summary>
    /// <param name="states">Batch x (length + length of the prompt) x hidden size.</param>
    public Tensor LeftOut(Tensor states)
    {
        using var scope = NewDisposeScope();
        var after = 1 + Length;
        return cat([states.narrow(1, 0, 1), states.narrow(1, after, states.shape[1] - after)], 1).MoveToOuterDisposeScope();
    }

    private static Tensor Insert(Tensor rows, Tensor prompt) => cat([rows.narrow(1, 0, 1), prompt, rows.narrow(1, 1, rows.shape[1] - 1)], 1);
}
