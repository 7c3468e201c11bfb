using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>The small language model of the reference: each token is predicted from the two before it, through two adapted layers, frozen embeddings and a head that is trained in full.</summary>
internal sealed class ToyTokenModel : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> emb;
    private readonly nn.Module<Tensor, Tensor> fc1;
    private readonly nn.Module<Tensor, Tensor> fc2;
    private readonly nn.Module<Tensor, Tensor> head;

    public ToyTokenModel(GoldenSet init)
        : base(nameof(ToyTokenModel))
    {
        emb = nn.Embedding_from_pretrained(init["init.emb.weight"].clone());
        fc1 = ToyModel.Load(init, "fc1");
        fc2 = ToyModel.Load(init, "fc2");
        head = ToyModel.Load(init, "head");
        RegisterComponents();
    }

    public Linear Head => (Linear)head;

    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var words = emb.call(ids);
        var before = cat([zeros_like(words.narrow(1, 0, 1)), words.narrow(1, 0, words.shape[1] - 1)], dim: 1);
        var hidden = fc2.call(fc1.call(cat([words, before], dim: 2)).tanh()).tanh();
        return head.call(hidden + words).MoveToOuterDisposeScope();
    }
}
