using AdaLora.Adapters;
using AdaLora.Injection;
using AdaLora.Targeting;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Injection;

public sealed class RandomModelTests
{
    private static readonly TargetModules[] Selections =
    [
        TargetModules.AllLinear,
        TargetModules.Suffixes("_first", "0", "key1", "second", "m2").Excluding(TargetModules.Globs("**.0.**")),
        TargetModules.Globs("*", "**.?.*", "**._first.**"),
        TargetModules.AllLinear.InLayers(1..),
    ];

    [Fact]
    public void Injecting_doubles_what_the_selected_layers_do_and_detaching_gives_the_model_back() =>
        Gen.Select(ModelSpec.Gen, Gen.Int[0, Selections.Length - 1]).Sample(
            (spec, which) => Check(new RandomModel(spec), Selections[which]), iter: 300, threads: 1);

    private static void Check(RandomModel random, TargetModules targets)
    {
        using var model = random.Module;
        var before = ModelState.Of(model);
        var linear = model.named_modules().Where(pair => Projection.TryDescribe(pair.module, out _)).ToArray();
        var selected = linear.Where(pair => targets.Matches(pair.name)).Select(pair => pair.module).ToHashSet();
        if (selected.Count == 0)
            return;

        var plan = AdapterInjector.Find(model, targets);
        Assert.Equal(selected, plan.Sites.Select(site => (nn.Module)site.Layer).ToHashSet());
        Assert.Equal(
            linear.Where(pair => selected.Contains(pair.module)).Select(pair => pair.name).Order(StringComparer.Ordinal),
            plan.Sites.SelectMany(site => site.Aliases.Prepend(site.Path)).Order(StringComparer.Ordinal));

        var output = ModelState.Run(model);
        var injection = AdapterInjector.Inject(model, plan.Sites, site => new Doubler(site.Layer));
        var factor = MathF.Pow(2, random.Runs.Count(selected.Contains));
        Assert.Equal(output.Select(value => value * factor), ModelState.Run(model));

        injection.Detach();
        foreach (var adapter in injection.Adapters)
            adapter.Dispose();

        before.AssertSame(model);
    }
}
