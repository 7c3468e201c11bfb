using CsCheck;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

/// <summary>A drawn model before it is built.</summary>
internal sealed record ModelSpec(int Kind, ModelSpec[] Children)
{
    private const int GroupKinds = 6;

    /// <summary>Groups of groups of leaves; a leaf is a new layer or something built earlier, which is then shared.</summary>
    public static Gen<ModelSpec> Gen { get; } = Groups(Groups(Groups(Leaves)));

    private static Gen<ModelSpec> Leaves => CsCheck.Gen.Int[0, 8].Select(kind => new ModelSpec(-1 - kind, []));

    private static Gen<ModelSpec> Groups(Gen<ModelSpec> children) =>
        CsCheck.Gen.Select(CsCheck.Gen.Int[0, GroupKinds - 1], CsCheck.Gen.OneOf(children, Leaves).Array[1, 3], (kind, specs) => new ModelSpec(kind, specs));
}

/// <summary>A built model that knows which layers a forward pass runs, one after the other.</summary>
internal sealed class RandomModel
{
    private readonly List<(Module<Tensor, Tensor> Module, IReadOnlyList<Module<Tensor, Tensor>> Runs)> _built = [];

    public RandomModel(ModelSpec spec) => (Module, Runs) = Build(spec);

    public Module<Tensor, Tensor> Module { get; }

    /// <summary>The layers in the order in which they run; a shared one occurs as often as it runs.</summary>
    public IReadOnlyList<Module<Tensor, Tensor>> Runs { get; }

    private (Module<Tensor, Tensor> Module, IReadOnlyList<Module<Tensor, Tensor>> Runs) Build(ModelSpec spec)
    {
        if (spec.Kind < 0)
        {
            var shareable = _built.Where(other => other.Runs.Count <= 3).ToArray();
            if (spec.Kind <= -7 && shareable.Length > 0)
                return shareable[spec.Kind % shareable.Length * -1];

            Module<Tensor, Tensor> leaf = spec.Kind switch { -1 => Dropout(0), -2 => new Conv1D(4, 4, hasBias: false), _ => Linear(4, 4, hasBias: false) };
            return Remember(leaf, [leaf]);
        }

        var children = spec.Children.Select(Build).ToArray();
        var modules = children.Select(child => child.Module).ToArray();
        Module<Tensor, Tensor> group = spec.Kind switch
        {
            0 => new FieldGroup(modules),
            1 => new ListGroup(modules),
            2 => new DictGroup(modules),
            3 => new PlainGroup(modules),
            4 when modules.Length == 2 => new NamedSequential(modules[0], modules[1]),
            _ => Sequential(modules),
        };
        return Remember(group, [.. children.SelectMany(child => child.Runs)]);
    }

    private (Module<Tensor, Tensor>, IReadOnlyList<Module<Tensor, Tensor>>) Remember(Module<Tensor, Tensor> module, IReadOnlyList<Module<Tensor, Tensor>> runs)
    {
        _built.Add((module, runs));
        return (module, runs);
    }

    private sealed class FieldGroup : Net
    {
        private readonly Module<Tensor, Tensor> _first;
        private readonly Module? _second;
        private readonly IModule<Tensor, Tensor>? _third;

        public FieldGroup(Module<Tensor, Tensor>[] modules)
            : base(nameof(FieldGroup))
        {
            (_first, _second, _third) = (modules[0], modules.ElementAtOrDefault(1), modules.ElementAtOrDefault(2));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) =>
            Chain(input, new[] { _first, _second, (Module?)_third }.OfType<Module<Tensor, Tensor>>());
    }

    private sealed class ListGroup : Net
    {
        private readonly ModuleList<Module<Tensor, Tensor>> _list;

        public ListGroup(Module<Tensor, Tensor>[] modules)
            : base(nameof(ListGroup))
        {
            _list = ModuleList(modules);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => Chain(input, _list);
    }

    private sealed class DictGroup : Net
    {
        private readonly ModuleDict<Module> _dict;

        public DictGroup(Module<Tensor, Tensor>[] modules)
            : base(nameof(DictGroup))
        {
            _dict = ModuleDict([.. modules.Select((module, i) => ($"key{i}", (Module)module))]);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => Chain(input, _dict.Keys.Select(key => (Module<Tensor, Tensor>)_dict[key]));
    }

    private sealed class PlainGroup : Net
    {
        private readonly IReadOnlyList<Module<Tensor, Tensor>> _modules;

        public PlainGroup(Module<Tensor, Tensor>[] modules)
            : base(nameof(PlainGroup))
        {
            _modules = modules;
            for (var i = 0; i < modules.Length; i++)
                register_module($"m{i}", modules[i]);
        }

        public override Tensor forward(Tensor input) => Chain(input, _modules);
    }
}
