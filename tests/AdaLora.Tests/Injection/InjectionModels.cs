using AdaLora.Adapters;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

/// <summary>An adapter whose effect is easy to see: it doubles its base layer.</summary>
internal sealed class Doubler : Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly Module<Tensor, Tensor> _baseLayer;

    public Doubler(Module<Tensor, Tensor> baseLayer)
        : base(nameof(Doubler))
    {
        _baseLayer = baseLayer;
        RegisterComponents();
    }

    public Module<Tensor, Tensor> BaseLayer => _baseLayer;

    public override Tensor forward(Tensor input)
    {
        using var output = _baseLayer.call(input);
        return output * 2;
    }
}

/// <summary>GPT-2's layer: a linear map whose weight is stored (in x out).</summary>
internal sealed class Conv1D : Module<Tensor, Tensor>, IProjection
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;
    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    public Conv1D(long inFeatures, long outFeatures, bool hasBias = true)
        : base(nameof(Conv1D))
    {
        _weight = new Parameter(randn(inFeatures, outFeatures));
        _bias = hasBias ? new Parameter(randn(outFeatures)) : null;
        RegisterComponents();
    }

    public Tensor Weight => _weight;

    public Tensor? Bias => _bias;

    public long InFeatures => _weight.shape[0];

    public long OutFeatures => _weight.shape[1];

    public bool WeightIsTransposed => true;

    public override Tensor forward(Tensor input) => _bias is null ? mm(input, _weight) : addmm(_bias, input, _weight, 1, 1);
}

/// <summary>A module that runs other modules as specified, so that a test need only state what it is about.</summary>
internal abstract class Net(string name) : Module<Tensor, Tensor>(name)
{
    protected static Tensor Chain(Tensor input, params IEnumerable<Module<Tensor, Tensor>> modules)
    {
        using var scope = NewDisposeScope();
        var x = input.alias();
        foreach (var module in modules)
            x = module.call(x);

        return x.MoveToOuterDisposeScope();
    }
}

internal abstract class BaseNet : Net
{
    private readonly Module<Tensor, Tensor> _hidden = Linear(4, 4);

    protected BaseNet()
        : base("BaseNet")
    {
    }

    protected Tensor RunHidden(Tensor input) => _hidden.call(input);
}

/// <summary>Every kind of field: private, read-only, inherited private, property-backed, public, named by an attribute, typed as an interface.</summary>
internal sealed class FieldsNet : BaseNet
{
    public Module<Tensor, Tensor> Open = Linear(4, 4);
    private readonly Module<Tensor, Tensor> _fixed = Linear(4, 4);
    [ComponentName(Name = "renamed")]
    private readonly Module<Tensor, Tensor> _attributed = new Conv1D(4, 4);
    private readonly Dropout _dropout = Dropout(0.5);
    private readonly IModule<Tensor, Tensor> _interface = Linear(4, 4);
    private readonly Module<Tensor, Tensor> _last = Linear(4, 4);

    public FieldsNet() => RegisterComponents();

    [field: ComponentName(Name = "property")]
    private Module<Tensor, Tensor> Property { get; } = Linear(4, 4);

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = Chain(input, Open, _fixed, _attributed, _dropout, Property, _last);
        return _interface.call(RunHidden(x)).MoveToOuterDisposeScope();
    }
}

/// <summary>Nested containers.</summary>
internal sealed class ContainersNet : Net
{
    private readonly ModuleList<Module<Tensor, Tensor>> _list = ModuleList<Module<Tensor, Tensor>>(Linear(4, 4), Tanh(), Sequential(Linear(4, 4), Tanh(), Linear(4, 4)));
    private readonly ModuleList<ModuleDict<Module<Tensor, Tensor>>> _nested = ModuleList(
        ModuleDict<Module<Tensor, Tensor>>(("a", Linear(4, 4)), ("b", Sequential(("inner", Sequential(("fc", Linear(4, 4))))))),
        ModuleDict<Module<Tensor, Tensor>>(("a", Linear(4, 4))));

    public ContainersNet()
        : base(nameof(ContainersNet)) => RegisterComponents();

    public override Tensor forward(Tensor input) => Chain(input, _list.Concat([_nested[0]["a"], _nested[0]["b"], _nested[1][0].Item2]));
}

/// <summary>Classes derived from TorchSharp's containers, one with its own field.</summary>
internal sealed class DerivedContainersNet : Net
{
    private readonly Layers _list = new(Linear(4, 4), Linear(4, 4));
    private readonly Heads _dict = new();

    public DerivedContainersNet()
        : base(nameof(DerivedContainersNet)) => RegisterComponents();

    public override Tensor forward(Tensor input) => Chain(input, _list[0], _list.Last, _dict["a"]);

    private sealed class Layers(params Module<Tensor, Tensor>[] modules) : ModuleList<Module<Tensor, Tensor>>(modules)
    {
        public Module<Tensor, Tensor> Last { get; } = modules[^1];
    }

    private sealed class Heads : ModuleDict<Module<Tensor, Tensor>>
    {
        public Heads() => Add("a", Linear(4, 4));
    }
}

/// <summary>A linear map that consists of another module, which belongs to it.</summary>
internal sealed class ComposedProjection : Module<Tensor, Tensor>, IProjection
{
    private readonly Module<Tensor, Tensor> _inner;

    public ComposedProjection()
        : base(nameof(ComposedProjection))
    {
        _inner = Linear(4, 4);
        RegisterComponents();
    }

    public Tensor Weight => ((Linear)_inner).weight;

    public Tensor? Bias => ((Linear)_inner).bias;

    public long InFeatures => 4;

    public long OutFeatures => 4;

    public bool WeightIsTransposed => false;

    public override Tensor forward(Tensor input) => _inner.call(input);
}

/// <summary>A subclass of Sequential that also keeps one of its modules in a field.</summary>
internal sealed class NamedSequential : Sequential
{
    private readonly Module<Tensor, Tensor> _first;

    public NamedSequential(Module<Tensor, Tensor> first, Module<Tensor, Tensor> second)
        : base(("first", first), ("second", second))
    {
        _first = first;
        RegisterComponents();
    }

    public Tensor RunFirst(Tensor input) => _first.call(input);
}

/// <summary>One layer under two names, in a list, and in another module.</summary>
internal sealed class TiedNet : Net
{
    private readonly Module<Tensor, Tensor> _encoder;
    private readonly Module<Tensor, Tensor> _decoder;
    private readonly ModuleList<Module<Tensor, Tensor>> _list;
    private readonly Sequential _other;

    public TiedNet()
        : base(nameof(TiedNet))
    {
        var shared = Linear(4, 4);
        (_encoder, _decoder) = (shared, shared);
        _list = ModuleList<Module<Tensor, Tensor>>(Linear(4, 4), shared);
        _other = Sequential(shared, Tanh());
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => Chain(input, [_encoder, _decoder, .. _list, _other]);
}

/// <summary>Layers registered by hand and kept in plain collections.</summary>
internal sealed class PlainCollectionsNet : Net
{
    private readonly List<Module<Tensor, Tensor>> _list = [Linear(4, 4), Linear(4, 4)];
    private readonly Module<Tensor, Tensor>[] _array = [Linear(4, 4)];
    private readonly Dictionary<string, Module> _dictionary = new() { ["x"] = Linear(4, 4) };
    private readonly List<Dictionary<string, Module<Tensor, Tensor>[]>> _deep = [new() { ["y"] = [Linear(4, 4)] }];

    public PlainCollectionsNet()
        : base(nameof(PlainCollectionsNet))
    {
        foreach (var (module, i) in All.Select((module, i) => (module, i)))
            register_module($"layer{i}", module);
    }

    private IEnumerable<Module<Tensor, Tensor>> All => [.. _list, .. _array, (Module<Tensor, Tensor>)_dictionary["x"], .. _deep[0]["y"]];

    public override Tensor forward(Tensor input) => Chain(input, All);
}
