using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// The node of <see cref="JointLinears"/>. It keeps the input once and the masks, a byte per entry, but no dropped inputs. Arguments: input, <see cref="JointParts"/>, matrices Q, matrices F.
/// </summary>
internal sealed class JointLinearsFunction : autograd.MultiTensorFunction<JointLinearsFunction>
{
    private const string PartsKey = "parts";
    private const int Input = 0, Parts = 1, Rights = 2;

    public override string Name => nameof(JointLinearsFunction);

    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, parts) = ((Tensor)vars[Input], (JointParts)vars[Parts]);
        var count = parts.Layers.Count;
        var (rights, lefts) = (vars[Rights..(Rights + count)].Cast<Tensor>().ToList(), vars[(Rights + count)..].Cast<Tensor>().ToList());
        var (outputs, lows, scaled, mask) = Compute(input, parts, rights, lefts);
        ctx.save_data(PartsKey, parts);
        BackwardPass.Prepare(ctx, vars, parts.Settings.Failure);
        ctx.save_for_backward([input, lows, scaled, .. lefts, .. parts.Layers.Select(layer => layer.Weight), .. mask is null ? [] : (Tensor[])[mask]]);
        return outputs;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => BackwardPass.Run(ctx, grad_outputs, (gradients, needs) =>
    {
        var parts = (JointParts)ctx.get_data(PartsKey);
        using var passage = parts.Settings.Gate?.Read();
        var count = parts.Layers.Count;
        var saved = ctx.get_saved_variables();
        var (input, lows, rights) = (saved[0], saved[1], saved[2]);
        var (lefts, weights, mask) = (saved[3..(3 + count)], saved[(3 + count)..(3 + (2 * count))], saved.ElementAtOrDefault(3 + (2 * count)));
        var rows = input.reshape(-1, rights.size(2));
        var wide = stack(gradients.Select((gradient, layer) => gradient.IsInvalid ? rows.new_zeros(rows.size(0), lefts[layer].size(1)) : gradient.reshape(-1, lefts[layer].size(1))).ToList());
        var back = bmm(wide, stack(lefts).transpose(1, 2));
        var results = new Tensor?[Rights + (2 * count)];
        Fill(results, Rights + count, needs, () => bmm(lows.transpose(1, 2), wide));
        if (needs[Input])
            results[Input] = InputGradient(wide, back, rights, weights, mask).view(input.shape);
        Fill(results, Rights, needs, () =>
        {
            using var kept = Kept(rows, mask, count);
            var ofRights = bmm(back.transpose(1, 2), kept);
            return mask is null ? ofRights : ofRights.MulInPlace(parts.KeptScale);
        });
        return results;
    });

    /// <summary>The forward pass, without a graph.</summary>
    /// <returns>The outputs; dropout(x) Q', (layers, n, rank); the matrices Q times <see cref="JointParts.KeptScale"/>, (layers, rank, in); what is kept of x, (layers, n, in), or null for
    /// everything.</returns>
    public static (List<Tensor> Outputs, Tensor Lows, Tensor Rights, Tensor? Mask) Compute(Tensor input, JointParts parts, IReadOnlyList<Tensor> rights, IReadOnlyList<Tensor> lefts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = parts.Layers.Count;
        var rows = input.reshape(-1, rights[0].size(1));
        var all = stack([.. rights]);
        var mask = parts.Dropout == 0 ? null : empty([count, rows.size(0), rows.size(1)], dtype: ScalarType.Bool, device: rows.device).bernoulli_(1 - parts.Dropout);
        if (mask is not null)
            all.MulInPlace(parts.KeptScale);
        var lows = bmm(Kept(rows, mask, count), all.transpose(1, 2));
        var outputs = parts.Layers.Zip(lows.unbind(0), lefts).Select(layer =>
        {
            var output = nn.functional.linear(rows, layer.First.Weight, layer.First.Bias).addmm_(layer.Second, layer.Third, 1, 1);
            // Detached, because autograd does not allow a function's output to be changed in place if it is a view.
            return (input.dim() == 2 ? output : output.view([.. input.shape[..^1], output.size(1)]).detach()).MoveToOuterDisposeScope();
        }).ToList();
        return (outputs, lows.MoveToOuterDisposeScope(), all.MoveToOuterDisposeScope(), mask?.MoveToOuterDisposeScope());
    }

    // (layers, n, in).
    private static Tensor Kept(Tensor rows, Tensor? mask, int count) => mask is null ? rows.unsqueeze(0).expand(count, -1, -1) : rows.mul(mask);

    private static Tensor InputGradient(Tensor wide, Tensor back, Tensor rights, IReadOnlyList<Tensor> weights, Tensor? mask)
    {
        using var each = bmm(back, rights);
        if (mask is not null)
            _ = each.mul_(mask);
        var sum = each.sum([0]);
        foreach (var (gradient, weight) in wide.unbind(0).Zip(weights))
            sum.addmm_(gradient, weight, 1, 1);
        return sum;
    }

    // The gradients of a matrix of each layer, where they are needed.
    private static void Fill(Tensor?[] results, int first, GradientNeeds needs, Func<Tensor> compute)
    {
        var wanted = Enumerable.Range(first, (results.Length - Rights) / 2).Where(argument => needs[argument]).ToList();
        if (wanted.Count == 0)
            return;
        var gradients = compute().unbind(0);
        foreach (var argument in wanted)
            results[argument] = gradients[argument - first];
    }
}
