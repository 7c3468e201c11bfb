using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Targeting;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

/// <summary>What holds while adapters are in place, when they cannot be put in place, and when they are removed.</summary>
public sealed class InjectionLifeTests
{
    [Fact]
    public void A_site_says_where_its_layer_is()
    {
        using var model = new ContainersNet();
        var sites = AdapterInjector.Find(model, TargetModules.AllLinear).Sites;
        Assert.Equal(
            [
                ("0", "_list", StorageKind.ModuleListSlot), ("0", "_list.2", StorageKind.SequentialSlot), ("2", "_list.2", StorageKind.SequentialSlot),
                ("a", "_nested.0", StorageKind.ModuleDictEntry), ("fc", "_nested.0.b.inner", StorageKind.SequentialSlot),
                ("a", "_nested.1", StorageKind.ModuleDictEntry),
            ],
            sites.Select(site => (site.Name, site.ParentPath, site.Storage)));
        Assert.All(sites, site => Assert.Same(model.named_modules().Single(pair => pair.name == site.ParentPath).module, site.Parent));
        Assert.Equal(
            [StorageKind.CollectionElement, StorageKind.Field],
            new Module<Tensor, Tensor>[] { new PlainCollectionsNet(), new FieldsNet() }.Select(net => AdapterInjector.Find(net, TargetModules.AllLinear).Sites[0].Storage));
    }

    [Theory]
    [InlineData("_decoder", nameof(StorageKind.Field))]
    [InlineData("_list.1", nameof(StorageKind.ModuleListSlot))]
    [InlineData("_other.0", nameof(StorageKind.SequentialSlot))]
    public void A_shared_layers_storage_is_that_of_the_name_it_was_found_by(string path, string expected)
    {
        using var model = new TiedNet();
        Assert.Equal(expected, AdapterInjector.Find(model, TargetModules.Suffixes(path)).Sites.Single(site => site.Path == path).Storage.ToString());
    }

    [Fact]
    public void What_is_inside_a_selected_layer_belongs_to_it()
    {
        using var model = Sequential(new ComposedProjection());
        Assert.Equal(["0"], AdapterInjector.Find(model, TargetModules.AllLinear).Sites.Select(site => site.Path));
        Assert.Equal(["0._inner"], AdapterInjector.Find(model, TargetModules.Suffixes("_inner")).Sites.Select(site => site.Path));
    }

    [Fact]
    public void A_layer_that_its_adapter_does_not_register_still_gets_the_training_mode_back()
    {
        using var model = Sequential(Linear(4, 4));
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Unregistered(site.Layer));
        model.eval();
        Assert.True(injection.Sites[0].Layer.training);
        injection.Detach();
        Assert.False(injection.Sites[0].Layer.training);
    }

    [Fact]
    public void A_shared_layer_is_one_site_with_one_adapter_everywhere()
    {
        using var model = new TiedNet();
        var site = Assert.Single(AdapterInjector.Find(model, TargetModules.Suffixes("_decoder")).GetSitesOrThrow());
        Assert.Equal("_decoder", site.Path);
        Assert.Equal(["_encoder", "_list.1", "_other.0"], site.Aliases);

        var adapter = AdapterInjector.Inject(model, [site], s => new Doubler(s.Layer)).Adapters[0];
        var modules = model.named_modules().ToDictionary(pair => pair.name, pair => pair.module);
        Assert.All(site.Aliases.Append(site.Path), path => Assert.Same(adapter, modules[path]));
    }

    [Fact]
    public void A_field_beside_a_sequential_slot_is_replaced_too()
    {
        using var model = new NamedSequential(Linear(4, 4), Linear(4, 4));
        using var input = ones(1, 4);
        using var before = model.RunFirst(input);
        _ = AdapterInjector.Inject(model, [AdapterInjector.Find(model, TargetModules.AllLinear).Sites[0]], site => new Doubler(site.Layer));
        using var after = model.RunFirst(input);
        using var doubled = before * 2;
        Assert.Equal(doubled.data<float>().ToArray(), after.data<float>().ToArray());
    }

    [Fact]
    public void A_second_injection_into_other_layers_is_taken_out_by_itself()
    {
        using var model = Sequential(Linear(4, 4), Linear(4, 4));
        var before = ModelState.Of(model);
        var first = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.Suffixes("0")).Sites, site => new Doubler(site.Layer));
        var between = ModelState.Of(model);
        var second = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.Suffixes("1")).Sites, site => new Doubler(site.Layer));
        second.Detach();
        between.AssertSame(model);
        first.Detach();
        before.AssertSame(model);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Adapters_take_over_the_training_mode_and_hand_it_back(bool training)
    {
        using var model = new FieldsNet();
        model.train(training);
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer));
        Assert.All(model.named_modules(), pair => Assert.Equal(training, pair.module.training));
        model.train(!training);
        injection.Detach();
        Assert.All(model.named_modules(), pair => Assert.Equal(!training, pair.module.training));
    }

    [Fact]
    public void Moving_the_model_while_adapters_are_in_place_moves_the_layers()
    {
        using var model = Sequential(new FieldsNet(), new PlainCollectionsNet(), new NamedSequential(Linear(4, 4), Linear(4, 4)));
        var layers = model.named_modules().ToArray();
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer));
        _ = model.to(ScalarType.Float64);
        Assert.All(injection.Sites, site => Assert.Equal(ScalarType.Float64, site.Projection.Weight.dtype));
        injection.Detach();
        Assert.Equal(layers, model.named_modules());
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
    }

    [Fact]
    public void Detaching_twice_does_nothing_more()
    {
        using var model = new FieldsNet();
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer));
        Assert.True(injection.IsAttached);
        Assert.Same(model, injection.Model);
        injection.Detach();
        Assert.False(injection.IsAttached);
        var again = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer));
        injection.Detach();
        Assert.All(again.Sites.Zip(again.Adapters), pair => Assert.Same(pair.Second, model.named_modules().Single(m => m.name == pair.First.Path).module));
    }

    [Fact]
    public void A_model_changed_behind_the_injection_is_not_detached()
    {
        using var model = new FieldsNet();
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer));
        var adapter = model.Open;
        model.Open = Tanh();
        var exception = Assert.Throws<InvalidOperationException>(injection.Detach);
        Assert.EndsWith("places: Open.", exception.Message, StringComparison.Ordinal);
        Assert.All(injection.Adapters.Cast<Doubler>(), doubler => Assert.NotNull(doubler.BaseLayer));

        model.Open = adapter;
        injection.Detach();
        Assert.False(injection.IsAttached);
    }

    [Theory]
    [InlineData(typeof(FieldsNet))]
    [InlineData(typeof(ContainersNet))]
    [InlineData(typeof(TiedNet))]
    public void When_an_adapter_cannot_be_made_nothing_is_changed(Type type)
    {
        using var model = (Module<Tensor, Tensor>)Activator.CreateInstance(type)!;
        model.eval();
        var before = ModelState.Of(model);
        var sites = AdapterInjector.Find(model, TargetModules.AllLinear).Sites;
        var made = new List<DisposableDoubler>();
        Func<InjectionSite, Module<Tensor, Tensor>>[] failures =
        [
            site => throw new NotSupportedException("no adapter today"), site => null!, site => site.Layer, site => made[^1],
        ];
        foreach (var failure in failures)
        {
            made.Clear();
            var exception = Assert.Throws<InjectionException>(() => AdapterInjector.Inject(model, sites, site =>
            {
                if (made.Count == sites.Count - 1)
                    return failure(site);

                made.Add(new DisposableDoubler(site.Layer));
                return made[^1];
            }));
            Assert.Contains("unchanged", exception.Message, StringComparison.Ordinal);
            Assert.Equal(sites.Count - 1, made.Count);
            Assert.All(made, adapter => Assert.True(adapter.IsDisposed));
            before.AssertSame(model);
        }
    }

    [Fact]
    public void The_cause_of_a_failure_is_kept()
    {
        using var model = new FieldsNet();
        var cause = new NotSupportedException("no adapter today");
        var exception = Assert.Throws<InjectionException>(() => AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, _ => throw cause));
        Assert.Same(cause, exception.InnerException);
        Assert.Contains(cause.Message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_does_not_show_its_adapters_is_put_back()
    {
        var stubborn = new StubbornNet();
        using var model = Sequential(Linear(4, 4), stubborn, Linear(4, 4));
        var before = ModelState.Of(model);
        var exception = Assert.Throws<InjectionException>(() =>
            AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer)));
        Assert.Contains("the model still returns another module for 1._fc", exception.Message, StringComparison.Ordinal);
        before.AssertSame(model);
        Assert.Empty(AdapterInjector.Find(model, TargetModules.AllLinear).Refused);
    }

    [Fact]
    public void An_adapter_that_is_in_place_elsewhere_is_not_taken_away()
    {
        using var model = Sequential(Linear(4, 4));
        using var other = Sequential(Linear(4, 4));
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear).Sites, site => new Doubler(site.Layer));
        var during = ModelState.Of(model);
        _ = Assert.Throws<InjectionException>(() =>
            AdapterInjector.Inject(other, AdapterInjector.Find(other, TargetModules.AllLinear).Sites, _ => injection.Adapters[0]));
        during.AssertSame(model);
        _ = Assert.Single(AdapterInjector.Find(model, TargetModules.AllLinear).Refused);
    }

    [Fact]
    public void Sites_must_be_fresh_whole_and_of_this_model()
    {
        using var model = new FieldsNet();
        using var other = new FieldsNet();
        var sites = AdapterInjector.Find(model, TargetModules.AllLinear).Sites;
        static Doubler Create(InjectionSite site) => new(site.Layer);
        _ = Assert.Throws<ArgumentException>(() => AdapterInjector.Inject(model, [], Create));
        _ = Assert.Throws<ArgumentException>(() => AdapterInjector.Inject(other, sites, Create));
        _ = Assert.Throws<ArgumentException>(() => AdapterInjector.Inject(model, [sites[0], sites[1], sites[0]], Create));
        using var replaced = model.Open;
        model.Open = Linear(4, 4);
        Assert.Contains("Open", Assert.Throws<InvalidOperationException>(() => AdapterInjector.Inject(model, sites, Create)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_is_let_go_by_adapters_of_any_make()
    {
        using var model = Sequential(Linear(4, 4), Linear(4, 4));
        var before = ModelState.Of(model);
        var sites = AdapterInjector.Find(model, TargetModules.AllLinear).Sites;
        var injection = AdapterInjector.Inject(model, sites, site => site.Path == "0" ? Sequential(Tanh(), site.Layer, Tanh()) : new ListAdapter(site.Layer));
        Assert.NotEqual(0, ModelState.Run(model)[0]);
        injection.Detach();
        Assert.Equal(2, ((Sequential)injection.Adapters[0]).Count);
        foreach (var adapter in injection.Adapters)
            adapter.Dispose();

        before.AssertSame(model);
    }

    [Fact]
    public void Models_too_big_for_memory_can_be_injected_on_the_meta_device()
    {
        const int Layers = 12;
        const long Size = 100_000;
        var meta = device("meta");
        using var model = Sequential(Enumerable.Range(0, Layers).Select(i => ($"{i}", (Module<Tensor, Tensor>)Linear(Size, Size, device: meta))).ToArray());
        var injection = AdapterInjector.Inject(model, AdapterInjector.Find(model, TargetModules.AllLinear.InLayers(3..9)).GetSitesOrThrow(), site => new Doubler(site.Layer));
        Assert.Equal(Enumerable.Range(3, 6).Select(i => $"{i}"), injection.Sites.Select(site => site.Path));
        using var input = zeros(2, Size, device: meta);
        using var output = model.call(input);
        Assert.Equal([2, Size], output.shape);
        Assert.Equal(Layers * (Size + 1) * Size, model.parameters().Sum(parameter => parameter.numel()));
        injection.Detach();
        Assert.All(model.children(), layer => Assert.IsType<Linear>(layer));
    }

    private sealed class DisposableDoubler : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> _baseLayer;

        public DisposableDoubler(Module<Tensor, Tensor> baseLayer)
            : base(nameof(DisposableDoubler))
        {
            _baseLayer = baseLayer;
            RegisterComponents();
        }

        public bool IsDisposed { get; private set; }

        public override Tensor forward(Tensor input) => _baseLayer.call(input);

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    private sealed class Unregistered(Module<Tensor, Tensor> baseLayer) : Module<Tensor, Tensor>(nameof(Unregistered))
    {
        public override Tensor forward(Tensor input) => baseLayer.call(input);
    }

    private sealed class ListAdapter : Module<Tensor, Tensor>
    {
        private readonly ModuleList<Module<Tensor, Tensor>> _list;
        private readonly ModuleDict<Module<Tensor, Tensor>> _dict;

        public ListAdapter(Module<Tensor, Tensor> baseLayer)
            : base(nameof(ListAdapter))
        {
            _list = ModuleList(Tanh(), baseLayer, baseLayer);
            _dict = ModuleDict(("base", baseLayer));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => _list.Count > 2 ? _dict["base"].call(input) : input.alias();
    }
}
