using AdaLora.Injection;
using AdaLora.Targeting;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Injection;

public sealed class AdapterInjectorTests
{
    public static TheoryData<string, string> Models => new()
    {
        { nameof(FieldsNet), "Open,_fixed,renamed,_interface,_last,property,_hidden" },
        { nameof(ContainersNet), "_list.0,_list.2.0,_list.2.2,_nested.0.a,_nested.0.b.inner.fc,_nested.1.a" },
        { nameof(NamedSequential), "first,second" },
        { nameof(DerivedContainersNet), "_list.0,_list.1,_dict.a" },
        { nameof(TiedNet), "_encoder,_list.0" },
        { nameof(PlainCollectionsNet), "layer0,layer1,layer2,layer3,layer4" },
        { nameof(Sequential), "0,2.fc" },
    };

    private static Module<Tensor, Tensor> Create(string model)
    {
        _ = manual_seed(1);
        return model switch
        {
            nameof(FieldsNet) => new FieldsNet(),
            nameof(ContainersNet) => new ContainersNet(),
            nameof(NamedSequential) => new NamedSequential(Linear(4, 4), Linear(4, 4)),
            nameof(DerivedContainersNet) => new DerivedContainersNet(),
            nameof(TiedNet) => new TiedNet(),
            nameof(PlainCollectionsNet) => new PlainCollectionsNet(),
            _ => Sequential(Linear(4, 4), Tanh(), Sequential(("fc", Linear(4, 4)))),
        };
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_linear_layer_is_found_replaced_and_given_back(string name, string paths)
    {
        using var model = Create(name);
        model.eval();
        var before = ModelState.Of(model);

        var plan = AdapterInjector.Find(model, TargetModules.AllLinear);
        Assert.Empty(plan.Refused);
        Assert.Equal(paths.Split(','), plan.Sites.Select(site => site.Path));

        var injection = AdapterInjector.Inject(model, plan.Sites, site => new Doubler(site.Layer));
        var modules = model.named_modules().ToLookup(pair => pair.name, pair => pair.module);
        Assert.All(injection.Sites.Zip(injection.Adapters), pair =>
        {
            Assert.Same(pair.Second, Assert.Single(modules[pair.First.Path]));
            Assert.Same(pair.First.Layer, Assert.Single(modules[pair.First.Path + ".base_layer"]));
            Assert.False(pair.Second.training);
        });

        injection.Detach();
        before.AssertSame(model);
        Assert.All(injection.Adapters.Cast<Doubler>(), adapter => Assert.Null(adapter.BaseLayer));
        foreach (var adapter in injection.Adapters)
            adapter.Dispose();

        before.AssertSame(model);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_forward_pass_runs_every_adapter(string name, string paths)
    {
        foreach (var path in paths.Split(','))
        {
            using var model = Create(name);
            model.eval();
            var before = ModelState.Run(model);
            var calls = 0;
            var site = AdapterInjector.Find(model, TargetModules.AllLinear).Sites.Single(site => site.Path == path);
            var injection = AdapterInjector.Inject(model, [site], site => new Doubler(site.Layer));
            _ = injection.Adapters[0].register_forward_hook((_, _, output) =>
            {
                calls++;
                return output;
            });
            var changed = ModelState.Run(model);
            Assert.Equal(name == nameof(TiedNet) && path == "_encoder" ? 4 : 1, calls);
            Assert.NotEqual(before, changed);
        }
    }
}
