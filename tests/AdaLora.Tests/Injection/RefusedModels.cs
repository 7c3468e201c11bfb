using System.Collections.Immutable;
using System.Collections.ObjectModel;
using AdaLora.Adapters;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

/// <summary>Every kind of storage that cannot hold an adapter, next to one layer that can carry one.</summary>
internal sealed class RefusingNet : Net
{
    private readonly Linear _sealed = Linear(4, 4);
    private readonly ModuleList<Linear> _list = new(Linear(4, 4));
    private readonly ModuleDict<Linear> _dict = ModuleDict(("a", Linear(4, 4)));
    private readonly (Module<Tensor, Tensor> Query, int Rank) _tuple = (Linear(4, 4), 1);
    private readonly HashSet<Module<Tensor, Tensor>> _set = [Linear(4, 4)];
    private readonly ImmutableArray<Module<Tensor, Tensor>> _immutable = [Linear(4, 4)];
    private readonly ImmutableArray<Module<Tensor, Tensor>> _unassigned = default;
    private readonly ReadOnlyCollection<Module<Tensor, Tensor>> _view = new([Linear(4, 4)]);
    private readonly Module[] _array = new Linear[] { Linear(4, 4) };
    private readonly Module[,] _matrix = { { Linear(4, 4) } };
    private readonly Dictionary<Module, int> _keys = new() { [Linear(4, 4)] = 1 };
    private readonly Func<Tensor, Tensor> _function;
    private readonly Module<Tensor, Tensor> _twice = Linear(4, 4);
    private readonly Linear _again;
    private readonly Module<Tensor, Tensor> _good = Linear(4, 4);
    private readonly object _hidden = new StrongBoxed(Linear(4, 4));

    public RefusingNet()
        : base(nameof(RefusingNet))
    {
        var called = Linear(4, 4);
        _function = called.call;
        _again = (Linear)_twice;
        Module[] loose =
        [
            _tuple.Query, _set.Single(), _immutable[0], _view[0], _array[0], _matrix[0, 0], _keys.Keys.Single(), called, ((StrongBoxed)_hidden).Module,
        ];
        string[] names = ["tuple", "set", "immutable", "view", "array", "matrix", "key", "function", "hidden"];
        foreach (var (name, module) in names.Zip(loose))
            register_module(name, module);

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var unassigned = _unassigned.IsDefault ? [] : _unassigned.AsEnumerable();
        using var x = Chain(input, [_sealed, _list[0], _dict["a"], _again, _good, .. unassigned]);
        return _function(x);
    }

    private sealed record StrongBoxed(Linear Module);
}

/// <summary>Layers that cannot carry an adapter themselves.</summary>
internal sealed class UnfitNet : Net
{
    private readonly Module<Tensor, Tensor> _cube = Linear(new Parameter(ones(4, 4, 4)));
    private readonly Module<Tensor, Tensor> _whole = Linear(new Parameter(ones(4, 4, ScalarType.Int64), requires_grad: false));
    private readonly Module<Tensor, Tensor> _lying = new LyingProjection();
    private readonly Module<Tensor, Tensor> _norm = LayerNorm(4);
    private readonly Module<Tensor, Tensor> _good = Linear(4, 4);

    public UnfitNet()
        : base(nameof(UnfitNet)) => RegisterComponents();

    public override Tensor forward(Tensor input) => Chain(input, _cube, _whole, _lying, _norm, _good);

    private sealed class LyingProjection() : Module<Tensor, Tensor>(nameof(LyingProjection)), IProjection
    {
        private readonly Tensor _weight = ones(4, 6);

        public Tensor Weight => _weight;

        public Tensor? Bias => null;

        public long InFeatures => 4;

        public long OutFeatures => 6;

        public bool WeightIsTransposed => false;

        public override Tensor forward(Tensor input) => functional.linear(input, _weight);
    }
}

/// <summary>A model with weights packed in native code.</summary>
internal sealed class PackedNet : Net
{
    private readonly MultiheadAttention _attention = MultiheadAttention(4, 2);
    private readonly TransformerEncoderLayer _layer = TransformerEncoderLayer(4, 2, 8);
    private readonly Module<Tensor, Tensor> _good = Linear(4, 4);

    public PackedNet()
        : base(nameof(PackedNet)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var x = _layer.call(input);
        return _good.call(_attention.call(x, x, x).Item1);
    }
}

/// <summary>A module that always returns its first children.</summary>
internal sealed class StubbornNet : Net
{
    private readonly Module<Tensor, Tensor> _fc = Linear(4, 4);
    private readonly Func<IEnumerable<(string, Module)>> _children;

    public StubbornNet()
        : base(nameof(StubbornNet))
    {
        RegisterComponents();
        (string, Module)[] children = [.. base.named_children()];
        _children = () => children;
    }

    public override IEnumerable<(string name, Module module)> named_children() => _children();

    public override Tensor forward(Tensor input) => _fc.call(input);
}
