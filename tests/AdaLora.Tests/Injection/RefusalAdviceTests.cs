using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

/// <summary>The advice in a message works.</summary>
public sealed class RefusalAdviceTests
{
    private static readonly AdaLoraOptions Options = new() { InitialRank = 2, TargetRank = 1 };

    [Fact]
    public void A_bare_layer_is_to_be_put_into_a_module()
    {
        using var layer = Linear(4, 4);
        var message = Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(layer, Options)).Message;
        Assert.DoesNotContain("Excluding", message, StringComparison.Ordinal);
        Assert.DoesNotContain("declared type", message, StringComparison.Ordinal);
        Assert.Contains("torch.nn.Sequential((\"layer\", layer))", message, StringComparison.Ordinal);

        using var model = Sequential(("layer", layer));
        using var adapted = AdaLoraModel.Attach(model, Options);
        Assert.Equal("layer", Assert.Single(adapted.Adapters).Slot.Name);
    }

    [Fact]
    public void A_model_that_registers_nothing_is_told_to()
    {
        using var model = new Forgetful(register: false);
        var message = Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(model, Options)).Message;
        Assert.Contains("_block: this Sequential with 2 linear layers is held by Forgetful, but not registered in it", message, StringComparison.Ordinal);
        Assert.Contains("call RegisterComponents() at the end of the constructor of Forgetful", message, StringComparison.Ordinal);
        Assert.Contains("_listed[0]: this Linear is held by Forgetful", message, StringComparison.Ordinal);
        Assert.Contains("hold it in a ModuleList", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_registers_nothing_is_warned_of()
    {
        using var model = Sequential(("good", Linear(4, 4)), ("part", new Forgetful(register: false)), ("whole", new Forgetful(register: true)));
        var logger = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(model, Options, logger);

        Assert.Equal(["good", "whole._block.0", "whole._block.1"], adapted.Adapters.Select(adapter => adapter.Slot.Name).Order(StringComparer.Ordinal));
        var warnings = logger.Lines.Where(text => text.Contains("not registered", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, warnings.Count);
        Assert.Contains("Not adapted: part._block: ", warnings[0], StringComparison.Ordinal);
        Assert.Empty(AdapterInjector.Find(model, TargetModules.Suffixes("good")).Skipped);
    }

    [Fact]
    public void A_layer_of_ones_own_is_told_how_to_become_adaptable()
    {
        using var model = new Matrices();
        var targets = TargetModules.Suffixes("_good", "_own", "_norm");
        var refused = AdapterInjector.Find(model, targets).Refused.ToDictionary(site => site.Path, site => site.Reason);
        Assert.Contains("a Own is not a linear layer; if the module is a linear map, let it implement IProjection", refused["_own"], StringComparison.Ordinal);
        Assert.Equal("a LayerNorm is not a linear layer", refused["_norm"]);
        Assert.Contains("implement IProjection", Assert.Throws<InjectionException>(() => AdapterInjector.Find(model, TargetModules.Globs("_ow*"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recurrent_layers_and_matrices_of_ones_own_are_not_passed_over_in_silence()
    {
        using var model = new Matrices();
        foreach (var targets in new[] { TargetModules.AllLinear, TargetModules.Globs("_*") })
        {
            var skipped = AdapterInjector.Find(model, targets).Skipped;
            Assert.Equal(["_lstm", "_gru", "_cell", "_own"], skipped.Select(site => site.Path));
            Assert.StartsWith("LSTM keeps its weights packed", skipped[0].Reason, StringComparison.Ordinal);
            Assert.Contains("its own matrix '_table' (3 x 4)", skipped[3].Reason, StringComparison.Ordinal);
        }

        var logger = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(model, Options with { TrainedModules = ["_gru"] }, logger);
        Assert.Equal(["_lstm", "_cell", "_own"], logger.Lines.Where(text => text.StartsWith("Not adapted: ", StringComparison.Ordinal)).Select(text => text["Not adapted: ".Length..].Split(':')[0]));
    }

    [Fact]
    public void Automatic_properties_go_by_their_names()
    {
        using var model = new Properties();
        var refused = Assert.Single(AdapterInjector.Find(model, TargetModules.AllLinear).Refused);
        Assert.Equal("Closed: Properties.Closed is declared as Linear, which cannot hold an adapter", refused.ToString());
        var message = Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(model, Options with { Attachment = AttachmentMethod.Replace })).Message;
        Assert.DoesNotContain("k__BackingField", message, StringComparison.Ordinal);
        Assert.Contains("Excluding(\"Closed\")", message, StringComparison.Ordinal);
        Assert.Contains("Did you mean First", Assert.Throws<InjectionException>(() => AdapterInjector.Find(model, TargetModules.Suffixes("Frist"))).Message, StringComparison.Ordinal);

        using var adapted = AdaLoraModel.Attach(model,
            Options with { Targets = TargetModules.AllLinear.Excluding("Closed"), TrainedModules = ["Head"], Overrides = ModuleOverrides.None.With("First", initialRank: 3) });
        Assert.Equal(3, Assert.Single(adapted.Adapters).Rank);
        Assert.StartsWith("First  ", adapted.Report().ToString().Split('\n')[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_compiled_module_is_refused_and_frozen_beside_layers()
    {
        using var folder = new TemporaryFolder();
        var file = CompiledModule.Write(folder.Path);
        using var alone = jit.load<Tensor, Tensor>(file);
        Assert.Contains("(the model itself): a compiled TorchScript module has no layers", Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(alone, Options)).Message,
            StringComparison.Ordinal);

        // Not disposed: TorchSharp fails when it reads a compiled module a second time and that is disposed with its model.
        var model = new WithCompiled(jit.load<Tensor, Tensor>(file));
        var logger = new RecordingLogger();
        using var adapted = AdaLoraModel.Attach(model, Options with { TotalSteps = 4, InitialPhase = PhaseLength.Steps(1), FinalPhase = PhaseLength.Steps(1) }, logger);
        Assert.Contains(logger.Lines, text => text.StartsWith("Not adapted: _compiled: a compiled TorchScript module", StringComparison.Ordinal));
        model.call(ones(2, 4)).sum().backward();
        Assert.True(adapted.BeforeOptimizerStep().ReadIsFinite());
        adapted.AfterOptimizerStep();
        model.eval();
        _ = adapted.Detach();
    }

    private sealed class WithCompiled : Net
    {
        private readonly Module<Tensor, Tensor> _layer = Linear(4, 4);
        private readonly jit.ScriptModule<Tensor, Tensor> _compiled;

        public WithCompiled(jit.ScriptModule<Tensor, Tensor> compiled)
            : base(nameof(WithCompiled))
        {
            _compiled = compiled;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => _compiled.call(_layer.call(input));
    }

    private sealed class Forgetful : Net
    {
        private readonly Module<Tensor, Tensor> _block = Sequential(Linear(4, 4), Linear(4, 4));
        private readonly List<Module<Tensor, Tensor>> _listed = [Linear(4, 4)];

        public Forgetful(bool register)
            : base(nameof(Forgetful))
        {
            if (register)
                RegisterComponents();
        }

        public override Tensor forward(Tensor input) => Chain(input, [_block, .. _listed]);
    }

    private sealed class Matrices : Net
    {
        private readonly Module<Tensor, Tensor> _good = Linear(4, 4);
        private readonly LSTM _lstm = LSTM(4, 4);
        private readonly GRU _gru = GRU(4, 4);
        private readonly GRUCell _cell = GRUCell(4, 4);
        private readonly Own _own = new();
        private readonly Module<Tensor, Tensor> _norm = LayerNorm(4);
        private readonly Module<Tensor, Tensor> _embedding = Embedding(4, 4);

        public Matrices()
            : base(nameof(Matrices)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            var sequence = _gru.call(_lstm.call(_embedding.call(input), null).Item1, null).Item1;
            return Chain(_cell.call(sequence[0], zeros_like(sequence[0])), _own, _good, _norm);
        }
    }

    private sealed class Own : Module<Tensor, Tensor>
    {
        private readonly Parameter _table = new(ones(3, 4));

        public Own()
            : base(nameof(Own)) => RegisterComponents();

        public override Tensor forward(Tensor input) => mm(_table, input);
    }

    private sealed class Properties : Net
    {
        public Properties()
            : base(nameof(Properties)) => RegisterComponents();

        private Module<Tensor, Tensor> First { get; } = Linear(4, 4);

        private Linear Closed { get; } = Linear(4, 4);

        private Module<Tensor, Tensor> Head { get; } = Linear(4, 4);

        public override Tensor forward(Tensor input) => Chain(input, First, Closed, Head);
    }
}
