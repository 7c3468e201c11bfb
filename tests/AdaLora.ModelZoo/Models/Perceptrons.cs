using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.ModelZoo.Models;

/// <summary>Fields of the sealed type, run with call.</summary>
internal sealed class SealedPerceptron : Module<Tensor, Tensor>
{
    private readonly Linear fc1 = Linear(6, 12);
    private readonly Linear fc2 = Linear(12, 12);
    private readonly Linear fc3 = Linear(12, 3);

    public SealedPerceptron()
        : base(nameof(SealedPerceptron)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return fc3.call(fc2.call(fc1.call(input).tanh()).tanh()).MoveToOuterDisposeScope();
    }
}

/// <summary>The same, run with forward, past all hooks.</summary>
internal sealed class ForwardPerceptron : Module<Tensor, Tensor>
{
    private readonly Linear fc1 = Linear(6, 12);
    private readonly Linear fc2 = Linear(12, 12);
    private readonly Linear fc3 = Linear(12, 3);

    public ForwardPerceptron()
        : base(nameof(ForwardPerceptron)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return fc3.forward(fc2.forward(fc1.forward(input).tanh()).tanh()).MoveToOuterDisposeScope();
    }
}

/// <summary>Layers in a record, an array and a tuple, registered by hand; activations in place.</summary>
internal sealed class RecordPerceptron : Module<Tensor, Tensor>
{
    private readonly Parts _parts = new(Linear(6, 12), [Linear(12, 12), Linear(12, 12)]);
    private readonly (Linear Out, double Scale) _head = (Linear(12, 3), 0.5);

    public RecordPerceptron()
        : base(nameof(RecordPerceptron))
    {
        register_module("first", _parts.First);
        register_module("hidden_0", _parts.Hidden[0]);
        register_module("hidden_1", _parts.Hidden[1]);
        register_module("head", _head.Out);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = _parts.First.call(input).relu_();
        foreach (var layer in _parts.Hidden)
            x = layer.call(x).relu_();
        return (_head.Out.call(x) * _head.Scale).MoveToOuterDisposeScope();
    }

    private sealed record Parts(Linear First, Linear[] Hidden);
}

/// <summary>Calls one of its layers twice, and stores the forward method of another.</summary>
internal sealed class DelegatingPerceptron : Module<Tensor, Tensor>
{
    private readonly Linear shared = Linear(6, 6);
    private readonly Linear last = Linear(6, 3);
    private readonly Func<Tensor, Tensor> _run;

    public DelegatingPerceptron()
        : base(nameof(DelegatingPerceptron))
    {
        _run = last.forward;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _run(shared.call(shared.call(input).tanh()).tanh()).MoveToOuterDisposeScope();
    }
}

/// <summary>A matrix that the model multiplies by itself, and a linear class that declares nothing.</summary>
internal sealed class MatrixPerceptron : Module<Tensor, Tensor>
{
    private readonly Parameter matrix = new(randn(6, 12) * 0.3);
    private readonly OwnLinear own = new(12, 3);

    public MatrixPerceptron()
        : base(nameof(MatrixPerceptron)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return own.call(input.mm(matrix).tanh()).MoveToOuterDisposeScope();
    }

    internal sealed class OwnLinear : Module<Tensor, Tensor>
    {
        private readonly Parameter weight;
        private readonly Parameter bias;

        public OwnLinear(int inputs, int outputs)
            : base(nameof(OwnLinear))
        {
            weight = new Parameter(randn(outputs, inputs) * 0.3);
            bias = new Parameter(zeros(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => functional.linear(input, weight, bias);
    }
}

/// <summary>A mixture of two experts, of which only one sees an input; the other gets no gradient in that step.</summary>
internal sealed class MixtureOfExperts : Module<Tensor, Tensor>
{
    private readonly Linear inputs = Linear(6, 8);
    private readonly ModuleList<Linear> experts = ModuleList(Linear(8, 8), Linear(8, 8));
    private readonly Linear outputs = Linear(8, 3);

    public MixtureOfExperts()
        : base(nameof(MixtureOfExperts)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = inputs.call(input).tanh();
        var isFirst = input.narrow(1, 0, 1).gt(0);
        var parts = new List<Tensor>();
        for (var i = 0; i < experts.Count; i++)
        {
            var rows = (i == 0 ? isFirst : isFirst.logical_not()).squeeze(1).nonzero().squeeze(1);
            if (rows.shape[0] > 0)
                parts.Add(zeros_like(x).index_add(0, rows, experts[i].call(x.index_select(0, rows)).tanh(), 1));
        }

        return outputs.call(parts.Aggregate((a, b) => a + b)).MoveToOuterDisposeScope();
    }
}
