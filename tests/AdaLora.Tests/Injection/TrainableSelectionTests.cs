using AdaLora.Injection;
using AdaLora.Targeting;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

public sealed class TrainableSelectionTests
{
    [Theory]
    [InlineData(BiasTraining.None, "")]
    [InlineData(BiasTraining.Adapted, "encoder.0.bias,encoder.2.bias")]
    [InlineData(BiasTraining.All, "encoder.0.bias,encoder.1.bias,encoder.2.bias,attention._inner.in_proj_bias,attention._inner.out_proj.bias,head.0.bias,head.2.bias")]
    public void Biases_are_trained_as_told(BiasTraining biases, string expected) => BeforeAndAfter((model, sites) =>
        Assert.Equal(Names(expected), Select(model, sites, biases)));

    [Fact]
    public void Modules_are_trained_in_full_with_everything_below() => BeforeAndAfter((model, sites) =>
    {
        Assert.Equal(Names("head.0.weight,head.0.bias,head.2.weight,head.2.bias"), Select(model, sites, BiasTraining.None, "head"));
        Assert.Equal(Names("encoder.1.weight,encoder.1.bias,head.2.weight,head.2.bias"), Select(model, sites, BiasTraining.None, "head.2", "*.1"));
        Assert.Equal(Names("encoder.0.bias,encoder.2.bias,head.2.weight,head.2.bias"), Select(model, sites, BiasTraining.Adapted, "head.2", "he*.2", "head.2"));
    });

    [Fact]
    public void Modules_inside_others_are_not_told_twice() => BeforeAndAfter((model, sites) =>
        Assert.Equal(
            ["head", "encoder.1"],
            TrainableSelection.Select(model, sites, ["head.2", "head", "head", "encoder.1"], BiasTraining.None).FullyTrainedModules));

    [Fact]
    public void Freezing_leaves_exactly_the_selection_trainable_and_can_be_undone()
    {
        BeforeAndAfter((model, sites) =>
        {
            var frozen = model.parameters().First();
            frozen.requires_grad = false;
            var before = model.named_parameters().Select(pair => (pair.name, pair.parameter.requires_grad)).ToArray();
            var selection = TrainableSelection.Select(model, sites, ["head"], BiasTraining.Adapted);
            selection.Restore();
            Assert.Equal(before, model.named_parameters().Select(pair => (pair.name, pair.parameter.requires_grad)));
            selection.Freeze();
            selection.Freeze();
            Assert.Equal(
                selection.Parameters.Select(pair => pair.Parameter).ToHashSet<Parameter>(ReferenceEqualityComparer.Instance),
                model.parameters().Where(parameter => parameter.requires_grad && parameter.dtype == ScalarType.Float32).ToHashSet<Parameter>(ReferenceEqualityComparer.Instance));
            selection.Restore();
            Assert.Equal(before, model.named_parameters().Select(pair => (pair.name, pair.parameter.requires_grad)));
        });
    }

    [Fact]
    public void The_selection_survives_moving_injecting_and_detaching()
    {
        using var model = Create();
        var sites = Sites(model);
        var selection = TrainableSelection.Select(model, sites, ["head"], BiasTraining.Adapted);
        selection.Freeze();
        var injection = AdapterInjector.Inject(model, sites, site => new Doubler(site.Layer));
        _ = model.to(ScalarType.Float64);
        Assert.Equal(6, selection.Parameters.Count);
        Assert.All(selection.Parameters, pair => Assert.True(pair.Parameter.requires_grad && pair.Parameter.dtype == ScalarType.Float64 && !pair.Parameter.IsInvalid));
        Assert.Equal(6, model.parameters().Count(parameter => parameter.requires_grad));
        injection.Detach();
        selection.Restore();
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void An_adapters_own_parameters_are_left_alone()
    {
        using var model = Create();
        var injection = AdapterInjector.Inject(model, Sites(model), site => new Biased(site.Layer));
        var selection = TrainableSelection.Select(model, injection.Sites, [], BiasTraining.All);
        selection.Freeze();
        Assert.DoesNotContain(selection.Parameters, pair => pair.Name.Contains("extra", StringComparison.Ordinal));
        Assert.All(injection.Adapters.Cast<Biased>(), adapter => Assert.True(adapter.ExtraBias.requires_grad));
    }

    [Theory]
    [InlineData("haed", "No module matches suffix 'haed', which is to be trained in full. Did you mean head?")]
    [InlineData("score", "No module matches suffix 'score'")]
    [InlineData("head.1", "have no parameters: head.1")]
    [InlineData("encoder", "carry an adapter: encoder.0, encoder.2")]
    [InlineData("encoder.0", "carry an adapter: encoder.0")]
    [InlineData("**", "carry an adapter: encoder.0, encoder.2")]
    [InlineData("a..b", "empty segment")]
    public void Wrong_patterns_are_refused(string pattern, string message) => BeforeAndAfter((model, sites) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Select(model, sites, BiasTraining.None, pattern)).Message, StringComparison.Ordinal));

    [Fact]
    public void A_weight_shared_with_an_adapted_layer_is_noticed()
    {
        var linear = Linear(4, 4, hasBias: false);
        using var model = Sequential(("adapted", linear), ("tied", Linear(linear.weight)));
        var sites = AdapterInjector.Find(model, TargetModules.Suffixes("adapted")).Sites;
        _ = Assert.Throws<ArgumentException>(() => Select(model, sites, BiasTraining.None, "tied"));
    }

    [Fact]
    public void A_bias_shared_with_an_adapted_layer_is_noticed()
    {
        var linear = Linear(4, 4);
        using var model = Sequential(("adapted", linear), ("tied", Linear(new Parameter(ones(4, 4)), linear.bias)));
        var sites = AdapterInjector.Find(model, TargetModules.Suffixes("adapted")).Sites;
        _ = Assert.Throws<ArgumentException>(() => Select(model, sites, BiasTraining.None, "tied"));
    }

    [Fact]
    public void A_shared_parameter_is_listed_once()
    {
        var linear = Linear(4, 4, hasBias: false);
        using var model = Sequential(("a", linear), ("b", Linear(linear.weight)), ("b2", linear), ("c", Linear(4, 4)));
        var sites = AdapterInjector.Find(model, TargetModules.Suffixes("c")).Sites;
        Assert.Equal(["a.weight"], Select(model, sites, BiasTraining.None, "b"));
    }

    [Fact]
    public void Whole_numbers_are_never_trained()
    {
        using var model = Sequential(("a", Linear(4, 4)), ("b", Linear(new Parameter(ones(4, 4, ScalarType.Int64), requires_grad: false), new Parameter(ones(4)))));
        var sites = AdapterInjector.Find(model, TargetModules.Suffixes("a")).Sites;
        Assert.Equal(["b.bias"], Select(model, sites, BiasTraining.None, "b"));
    }

    private static Sequential Create() => Sequential(
        ("encoder", Sequential(Linear(4, 4), LayerNorm(4), Linear(4, 4))),
        ("attention", new Attention()),
        ("head", Sequential(Linear(4, 4), Tanh(), Linear(4, 2))));

    private static IReadOnlyList<InjectionSite> Sites(Module<Tensor, Tensor> model) => AdapterInjector.Find(model, TargetModules.Globs("encoder.*")).Sites;

    private static string[] Names(string list) => list.Length == 0 ? [] : list.Split(',');

    private static IEnumerable<string> Select(Module<Tensor, Tensor> model, IReadOnlyList<InjectionSite> sites, BiasTraining biases, params string[] fullyTrained) =>
        TrainableSelection.Select(model, sites, fullyTrained, biases).Parameters.Select(pair => pair.Name);

    /// <summary>What a selection says must not depend on whether the adapters are already there.</summary>
    private static void BeforeAndAfter(Action<Module<Tensor, Tensor>, IReadOnlyList<InjectionSite>> check)
    {
        using var model = Create();
        var sites = Sites(model);
        check(model, sites);
        _ = AdapterInjector.Inject(model, sites, site => new Doubler(site.Layer));
        check(model, sites);
    }

    private sealed class Attention : Module<Tensor, Tensor>
    {
        private readonly MultiheadAttention _inner = MultiheadAttention(4, 2);

        public Attention()
            : base(nameof(Attention)) => RegisterComponents();

        public override Tensor forward(Tensor input) => _inner.call(input, input, input).Item1;
    }

    private sealed class Biased : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> _baseLayer;
        private readonly Parameter _extraBias = new(zeros(4));

        public Biased(Module<Tensor, Tensor> baseLayer)
            : base(nameof(Biased))
        {
            _baseLayer = baseLayer;
            RegisterComponents();
        }

        public Parameter ExtraBias => _extraBias;

        public override Tensor forward(Tensor input)
        {
            using var output = _baseLayer.call(input);
            return output + _extraBias;
        }
    }
}
